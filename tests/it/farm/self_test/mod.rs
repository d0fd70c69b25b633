//! The farm's own tests: its answers have the shape of the recorded ones, its verbs show, its faults
//! hurt as promised.

mod client;
mod faults;
mod logins;
mod recorded;
mod shapes;
mod verbs;
