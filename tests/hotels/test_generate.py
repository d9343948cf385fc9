"""Invented hotels are many-sided, consistent and the same for the same seed."""

from statistics import mean

from chatbot.core.settings import DATA
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.generate import FACILITY_PERCENT, WIFI_PERCENT, generate, write_hotels
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.hotels.records import read_hotels


def test_the_shipped_file_is_what_the_generator_makes(tmp_path):
    write_hotels(tmp_path / "hotels.json", generate())
    assert (tmp_path / "hotels.json").read_bytes() == (DATA / "hotel_db.json").read_bytes()


def test_writing_and_reading_keeps_every_hotel(tmp_path):
    hotels = list(generate(50, seed=3))
    write_hotels(tmp_path / "hotels.json", hotels)
    assert list(read_hotels(tmp_path / "hotels.json")) == hotels


def test_another_seed_gives_other_names():
    assert not {hotel.name for hotel in generate(200, seed=1)} & {hotel.name for hotel in generate(200, seed=2)}


def test_every_facility_is_on_offer():
    assert set(FACILITY_PERCENT) | set(WIFI_PERCENT) == set(FACILITIES)
    assert {name for hotel in generate() for name in hotel.facilities} == set(FACILITIES)


def test_names_are_unique_and_some_hotels_are_branches_of_one_chain():
    names = [hotel.name for hotel in generate()]
    assert len(set(names)) == len(names) == 1200
    chains = [name.split("(")[0] for name in names if "(" in name]
    assert max(map(chains.count, set(chains))) >= 10


def test_price_and_rating_rise_with_the_type_and_with_each_other():
    hotels = [hotel for hotel in generate() if hotel.price and hotel.rating]
    by_type = [[hotel for hotel in hotels if hotel.type == kind] for kind in HOTEL_TYPES]
    assert sorted((mean(h.price for h in group) for group in by_type), reverse=True) == [
        mean(h.price for h in group) for group in by_type
    ]
    cheap, dear = (
        mean(h.rating for h in sorted(by_type[3], key=lambda h: h.price)[half])
        for half in (slice(0, 200), slice(-200, None))
    )
    assert dear > cheap


def test_some_prices_and_ratings_are_unknown():
    hotels = list(generate())
    assert 60 < sum(hotel.price is None for hotel in hotels) < 240
    assert 0 < sum(hotel.rating is None for hotel in hotels) < 60
