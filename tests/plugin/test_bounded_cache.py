"""The cache keeps what is used and stays within its weight."""

from tb_attention.plugin.bounded_cache import BoundedCache


def test_a_kept_value_is_not_made_again():
    made = []
    cache = BoundedCache(2)
    for _ in range(3):
        assert cache.get("a", lambda: made.append(1) or "value") == "value"
    assert made == [1]


def test_the_least_recently_used_goes_first():
    cache = BoundedCache(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)
    assert cache.get("a", lambda: "new") == "a"
    assert cache.get("b", lambda: "new") == "new"


def test_the_weight_of_all_values_is_bounded():
    cache = BoundedCache(100, weigh=len)
    for key in range(1000):
        cache.get(key, lambda: b"x" * 30)
    assert len(cache) == 3
    cache.get("heavy", lambda: b"x" * 101)
    assert len(cache) == 3
