import pytest
from worlds import spoken
def test_a(world):
    d=world.ready_deal()
    assert d.stage.code=="MO1"
@pytest.mark.own_database
def test_b(world):
    assert world.seller.name=="陈晓"
@pytest.mark.own_database(bare=True)
def test_c():
    from earshot.people.models import Person
    assert not Person.objects.exists()
