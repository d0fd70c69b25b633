-- Whose answer a dictionary is: it goes when the user goes, and nobody else's answers depend on it.

alter table answer_dictionary add column user integer references user (id);

create index answer_by_dictionary on answer (dictionary);
