from collections.abc import Iterator

import pytest

from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running, running
from tests.campaigns.notify.reminders import KEYS, SEED


@pytest.fixture
def stand_in() -> Iterator[Running]:
    with running(SEED) as service:
        yield service


@pytest.fixture
def notify(stand_in: Running) -> GovukNotify:
    return GovukNotify(KEYS["normal"], stand_in.base_url, timeout=(2, 1))
