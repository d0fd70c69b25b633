//! The views of the contract as Parquet files, one each: whatever columns a view has, its file has.

use std::{io, mem, path::Path, sync::Arc};

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::{ParquetError, Result as ParquetResult},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::{Type, TypePtr},
};

use super::{
    ArchiveError,
    export::is_private,
    folder::{Folder, FolderFile},
    strict,
};
use crate::{
    report::mask,
    store::{ColumnType, Reading, VIEWS, ViewColumn, ViewValue},
};

/// How many rows lie together in a file, and at most how many bytes of text: so much is in memory before
/// it is written. `DuckDB` reads groups of 122,880 rows side by side.
const ROWS_OF_A_GROUP: usize = 122_880;
const BYTES_OF_A_GROUP: usize = 16 << 20;

/// Writes a file for each view.
pub(super) async fn write(
    reading: &mut Reading,
    folder: &mut Folder,
    reveal: bool,
) -> Result<(), ArchiveError> {
    for view in VIEWS {
        let path = format!("{view}.parquet");
        let columns = reading.view_columns(view).await?;
        let mut file = ViewFile::begin(folder.file(&path)?, view, &columns, reveal)?;
        reading
            .each_view_row(view, &columns, |values| file.row(values))
            .await?;
        folder.keep(file.end()?)?;
    }
    Ok(())
}

/// The file of a view, written a group of rows at a time.
struct ViewFile {
    view: &'static str,
    writer: SerializedFileWriter<FolderFile>,
    columns: Vec<Column>,
    private: Option<Private>,
    rows_waiting: usize,
    rows: usize,
}

/// Where a row tells what its property is called: the values of some are masked.
#[derive(Clone, Copy)]
struct Private {
    kind: usize,
    name: usize,
}

/// What waits to be written of a column. A level is 1 where there is a value, and 0 for null.
struct Column {
    holds: ColumnType,
    is_value_of_property: bool,
    levels: Vec<i16>,
    integers: Vec<i64>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl ViewFile {
    fn begin(
        file: FolderFile,
        view: &'static str,
        columns: &[ViewColumn],
        reveal: bool,
    ) -> Result<Self, ArchiveError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let writer = schema(view, columns)
            .and_then(|schema| SerializedFileWriter::new(file, schema, Arc::new(properties)))
            .map_err(broken(view))?;
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let private = match (place("kind"), place("name")) {
            (Some(kind), Some(name)) if !reveal => Some(Private { kind, name }),
            _ => None,
        };
        Ok(Self {
            view,
            writer,
            columns: columns.iter().map(Column::new).collect(),
            private,
            rows_waiting: 0,
            rows: 0,
        })
    }

    fn row(&mut self, values: &[ViewValue<'_>]) -> Result<(), ArchiveError> {
        let is_masked = self.private.is_some_and(|place| {
            let text = |at: usize| match values[at] {
                ViewValue::Text(text) => text,
                _ => "",
            };
            is_private(text(place.kind), text(place.name))
        });
        for (column, value) in self.columns.iter_mut().zip(values) {
            match value {
                ViewValue::Text(text) if is_masked && column.is_value_of_property => {
                    column.push(ViewValue::Text(&mask(text)));
                }
                value => column.push(*value),
            }
        }
        self.rows += 1;
        self.rows_waiting += 1;
        let bytes: usize = self.columns.iter().map(|column| column.text.len()).sum();
        if self.rows_waiting == ROWS_OF_A_GROUP || bytes >= BYTES_OF_A_GROUP {
            self.write_group().map_err(broken(self.view))?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> ParquetResult<()> {
        if self.rows_waiting == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else {
                break;
            };
            let levels = Some(column.levels.as_slice());
            if column.holds == ColumnType::Text {
                let texts = texts(mem::take(&mut column.text), &column.ends);
                let writer = writer.typed::<ByteArrayType>();
                writer.write_batch(&texts, levels, None)?;
            } else {
                let writer = writer.typed::<Int64Type>();
                writer.write_batch(&column.integers, levels, None)?;
            }
            writer.close()?;
            column.clear();
        }
        group.close()?;
        self.rows_waiting = 0;
        Ok(())
    }

    fn end(mut self) -> Result<FolderFile, ArchiveError> {
        let ended = self.write_group().and_then(|()| self.writer.into_inner());
        let mut file = ended.map_err(broken(self.view))?;
        (0..self.rows).for_each(|_| file.count());
        Ok(file)
    }
}

impl Column {
    fn new(column: &ViewColumn) -> Self {
        Self {
            holds: column.holds,
            is_value_of_property: matches!(column.name.as_str(), "value" | "before" | "after"),
            levels: Vec::new(),
            integers: Vec::new(),
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn push(&mut self, value: ViewValue<'_>) {
        let is_there = match (self.holds, value) {
            (ColumnType::Integer, ViewValue::Integer(number)) => {
                self.integers.push(number);
                true
            }
            (ColumnType::Text, ViewValue::Text(text)) => {
                self.text.extend_from_slice(text.as_bytes());
                self.ends.push(self.text.len());
                true
            }
            // Where a wiki gave something else for an instant, none is known.
            (ColumnType::Instant, ViewValue::Text(text)) => {
                let instant = strict::instant_of(text);
                self.integers
                    .extend(instant.map(|at| at.timestamp_micros()));
                instant.is_some()
            }
            _ => false,
        };
        self.levels.push(i16::from(is_there));
    }

    fn clear(&mut self) {
        self.levels.clear();
        self.integers.clear();
        self.ends.clear();
    }
}

/// All texts share the bytes they were collected in.
fn texts(bytes: Vec<u8>, ends: &[usize]) -> Vec<ByteArray> {
    let bytes = ByteArray::from(bytes);
    let mut start = 0;
    let text = |&end: &usize| {
        let from = mem::replace(&mut start, end);
        bytes.slice(from, end - from)
    };
    ends.iter().map(text).collect()
}

fn schema(view: &str, columns: &[ViewColumn]) -> ParquetResult<TypePtr> {
    let fields: ParquetResult<Vec<TypePtr>> = columns
        .iter()
        .map(|ViewColumn { name, holds }| {
            let (physical, logical) = match holds {
                ColumnType::Integer => (PhysicalType::INT64, None),
                ColumnType::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
                ColumnType::Instant => (
                    PhysicalType::INT64,
                    Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
                ),
            };
            let field = Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical);
            field.build().map(Arc::new)
        })
        .collect();
    let group = Type::group_type_builder(view).with_fields(fields?);
    group.build().map(Arc::new)
}

fn broken(view: &'static str) -> impl Fn(ParquetError) -> ArchiveError {
    let io = ArchiveError::io(Path::new(view));
    move |error| io(io::Error::other(error))
}
