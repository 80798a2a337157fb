"""The recovery phrase as shares and as a card, between ownkey-worker and a person."""

import hashlib
import os
import re
import sys

from job import ERR, receive, run, send
from worker import (CARD, CARD_MAKE, FAILED, LIB, MORE, OK, ONES_WORDS, RESULT, SHARE_MAKE, SHOW,
                    SLOTS, TEXT, ZERO, ZERO_WORDS, expect_failed, expect_told, fingerprint,
                    is_closed, kdf, make_job, open_job, recs, root_of, start, type_words, u32,
                    wordlist)


def share_job(threshold, count, more=None):
    return {1: SHARE_MAKE, 20: threshold, 21: count, 12: 20000, **(more or {})}


def take_card(person):
    """A card, and that we have it."""
    message = receive(person)
    assert set(message) == {1, 2} and message[1] == CARD, message
    send(person, {1: OK})
    return [line.split(": ", 1) for line in message[2].decode().splitlines()]


def split(threshold, count, phrase=ZERO_WORDS, root=ZERO):
    """The words of the shares, and what the vault hears."""
    w = start(share_job(threshold, count, {9: fingerprint(root), 7: 3}))
    person = w.bring_person()
    type_words(person, phrase)
    shares = []
    for i in range(1, count + 1):
        card = take_card(person)
        assert [key for key, _ in card] == ["share", "words", "check", "fingerprint", "generation"]
        card = dict(card)
        digest = hashlib.sha256(card["words"].encode()).hexdigest()
        assert card["share"] == "%d of %d of %d" % (i, threshold, count)
        assert card["check"] == digest[:8] and card["generation"] == "3"
        assert card["fingerprint"] == fingerprint(root).hex()
        shares.append(card["words"])
    assert receive(person) == {1: OK} and is_closed(person)
    out = w.receive()
    assert w.ends() == 0 and w.said() == b""
    w.close()
    words = [x.split() for x in shares]
    assert all(len(x) == 33 and x[:3] == words[0][:3] for x in words)
    assert out[20] == [hashlib.sha256(x.encode()).digest() for x in shares]
    assert out[21] == threshold and set(out) <= {1, 8, 20, 21, 22} and out[8] == fingerprint(root)
    listed = share_words()
    assert out.get(22, 0) == (listed.index(words[0][0]) << 10 | listed.index(words[0][1])) >> 5
    return shares


def share_words():
    words = re.findall('"([a-z]+)"', open(os.path.join(LIB, "words_slip39_english.c")).read())
    assert len(words) == 1024
    return words


def expect_more(person, have, need):
    assert receive(person) == {1: MORE, 6: have, 7: need}


def type_shares(person, shares):
    for i, share in enumerate(shares, 1):
        type_words(person, share)
        if i < len(shares):
            expect_more(person, i, len(shares) - i)


def shares_open(_):
    "shares open as the words do: any of them, in any order, by four letters"
    want = {1: RESULT, 5: recs(ZERO, SLOTS), 8: fingerprint(ZERO)}
    shares = split(3, 5)
    for chosen in ((0, 1, 2), (4, 2, 0), (1, 3, 4)):
        w = start(open_job({9: fingerprint(ZERO)}))
        person = w.bring_person()
        type_shares(person, [" ".join(x[:4].upper() for x in shares[i].split())
                             for i in chosen])
        assert receive(person) == {1: OK}
        assert w.receive() == want and w.ends() == 0
        w.close()


def shares_of_shares(_):
    "new shares from old ones; the old ones stay good"
    old = split(2, 3)
    w = start(share_job(2, 2, {9: fingerprint(ZERO)}))
    person = w.bring_person()
    type_shares(person, old[1:])
    new = [dict(take_card(person))["words"] for _ in range(2)]
    assert receive(person) == {1: OK} and w.receive()[1] == RESULT
    w.close()
    for shares in (new, old[:2]):
        w = start(open_job())
        person = w.bring_person()
        type_shares(person, shares)
        assert receive(person) == {1: OK} and w.receive()[8] == fingerprint(ZERO)
        w.close()


def expect_share_wrong(person, err, have, need, index=None):
    want = {1: FAILED, 3: ERR[err], 5: True, 6: have, 7: need}
    if index:
        want[4] = index
    got = receive(person)
    assert got == want, (got, want)


def shares_wrong(_):
    "what is wrong with one share is about that one; those before it stay"
    shares, other = split(3, 4), split(3, 4)
    swapped = shares[1].split()
    at = next(i for i in range(4, 32) if swapped[i] != swapped[i + 1])
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    unknown = shares[1].split()
    unknown[8] = "xyzzy"
    w = start(open_job({9: fingerprint(ZERO), 11: 2}))
    person = w.bring_person()
    type_words(person, " ".join(shares[0].split()[:32]))
    expect_told(person, "SHARE_LENGTH", None, True)
    type_words(person, shares[0])
    expect_more(person, 1, 2)
    # two tries: the first of them wrong, for each
    type_words(person, " ".join(swapped))
    expect_share_wrong(person, "WORDS_CHECKSUM", 1, 2)
    type_words(person, shares[1])
    expect_more(person, 2, 1)
    for text, err, index in (
            (" ".join(unknown), "WORDS_UNKNOWN", 9), (shares[0], "SHARE_TWICE", None),
            (other[2], "SHARE_MIXED", None), (ZERO_WORDS, "SHARE_LENGTH", None),
            (" ".join(shares[2].split()[:24]), "SHARE_LENGTH", None), ("", "SHARE_FEW", None)):
        w2 = start(open_job({9: fingerprint(ZERO)}))
        p2 = w2.bring_person()
        type_shares(p2, shares[:2] + [text])
        expect_share_wrong(p2, err, 2, 1, index)
        type_words(p2, shares[3])
        assert receive(p2) == {1: OK} and w2.receive()[8] == fingerprint(ZERO)
        w2.close()
    type_words(person, shares[2])
    assert receive(person) == {1: OK} and w.receive()[8] == fingerprint(ZERO)
    w.close()


def shares_of_another(_):
    "shares of another phrase: refused when they are enough, then from the first"
    ours, theirs = split(2, 2), split(2, 2, ONES_WORDS, b"\xff" * 32)
    w = start(open_job({9: fingerprint(ZERO)}))
    person = w.bring_person()
    type_shares(person, theirs)
    expect_told(person, "WORDS_WRONG", None, True)
    type_shares(person, ours)
    assert receive(person) == {1: OK} and w.receive()[8] == fingerprint(ZERO)
    w.close()


def shares_give_up(_):
    "ten tries of one share end it"
    shares = split(2, 2)
    w = start(open_job({9: fingerprint(ZERO), 11: 2}))
    person = w.bring_person()
    type_words(person, shares[0])
    expect_more(person, 1, 1)
    for _i in range(9):
        type_words(person, shares[0])
        expect_share_wrong(person, "SHARE_TWICE", 1, 1)
    type_words(person, shares[0])
    got = receive(person)
    assert got == {1: FAILED, 3: ERR["SHARE_TWICE"], 6: 1, 7: 1}, got
    expect_failed(w, "SHARE_TWICE")


def share_plans(_):
    "what cannot be split so, and a person who does not take a card"
    for threshold, count in ((1, 2), (3, 2), (0, 3), (2, 17), (17, 17), (0, 0)):
        w = start(share_job(threshold, count))
        expect_failed(w, "SHARE_SPLIT")
    for answer, err in (({1: TEXT, 2: b""}, "FORMAT"), (None, "CANCELLED")):
        w = start(share_job(2, 3))
        person = w.bring_person()
        type_words(person, ZERO_WORDS)
        take_card(person)
        assert receive(person)[1] == CARD and w.is_silent()
        if answer:
            send(person, answer)
        else:
            person.close()
        expect_failed(w, err)


def phrase_card(root, generation):
    bits = int.from_bytes(kdf(root, b"backup", u32(generation), 16), "big") >> 18
    backup = "-".join(wordlist()[bits >> (99 - 11 * i) & 2047] for i in range(10))
    return [["fingerprint", fingerprint(root).hex()], ["generation", str(generation)],
            ["backup", backup]]


def card(_):
    "the phrase as a card: of words typed, and when it is made"
    w = start({1: CARD_MAKE, 7: 5, 9: fingerprint(ZERO), 12: 20000})
    person = w.bring_person()
    type_words(person, ZERO_WORDS)
    assert take_card(person) == [["words", ZERO_WORDS], *phrase_card(ZERO, 5)]
    assert receive(person) == {1: OK}
    assert w.receive() == {1: RESULT, 8: fingerprint(ZERO)} and w.ends() == 0
    w.close()
    w = start(make_job({22: True}))
    person = w.bring_person()
    message = receive(person)
    words = message[2].decode()
    assert message == {1: SHOW, 2: message[2], 5: True}
    assert take_card(person) == [["words", words], *phrase_card(root_of(words.split()), 0)]
    type_words(person, words)
    assert receive(person) == {1: OK} and w.receive()[1] == RESULT
    w.close()


if __name__ == "__main__":
    sys.exit(run([shares_open, shares_of_shares, shares_wrong, shares_of_another, shares_give_up,
                  share_plans, card]))
