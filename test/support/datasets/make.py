"""Writes mails.parquet: two row groups, zstd, a column that is not read and a row without a text."""

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table(
    {
        "number": pa.array([1, 2, 3, 4, 5], pa.int64()),
        "subject": ["free money now", "minutes of the meeting", None, "your account", "lunch?"],
        "size": pa.array([10.5, 11.5, 12.5, 13.5, 14.5], pa.float64()),
    }
)
pq.write_table(table, "mails.parquet", compression="zstd", row_group_size=3)
