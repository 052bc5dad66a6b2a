from threading import Thread

from moderation.app.memo import Memo


def test_an_answer_is_remembered_until_its_time_is_over() -> None:
    at = [0.0]
    memo: Memo[str, int] = Memo(entries=10, seconds=5, clock=lambda: at[0])
    memo.put("a", 1)
    at[0] = 4.9
    assert memo.get("a") == 1
    at[0] = 5.0
    assert memo.get("a") is None
    assert len(memo) == 0


def test_the_least_recently_used_answer_is_dropped_first() -> None:
    memo: Memo[str, int] = Memo(entries=2, seconds=60)
    memo.put("a", 1)
    memo.put("b", 2)
    assert memo.get("a") == 1
    memo.put("c", 3)
    assert memo.get("b") is None
    assert (memo.get("a"), memo.get("c")) == (1, 3)


def test_many_threads_never_make_it_grow_past_its_bound() -> None:
    memo: Memo[int, int] = Memo(entries=16, seconds=60)

    def fill(start: int) -> None:
        for number in range(start, start + 500):
            memo.put(number, number)
            memo.get(number - 3)

    threads = [Thread(target=fill, args=(offset * 500,)) for offset in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memo) == 16
