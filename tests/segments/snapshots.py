"""Snapshots put on the shelf as they are, without a file in any format."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from tests.conftest import EAST_STAFFORDSHIRE


def keep(office: Office, kind: str, frame: pd.DataFrame, as_at: date, name: str = "") -> Snapshot:
    staged = office.lake.stage()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), staged)
    with office.database.session() as session:
        return office.lake.commit(
            session, staged, authority=EAST_STAFFORDSHIRE, kind=kind, name=name, as_at=as_at,
            made_at=office.clock.now(), made_by="officer 1", rows=len(frame),
        )  # fmt: skip
