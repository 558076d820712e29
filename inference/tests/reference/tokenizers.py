#!/usr/bin/env python3
"""Tokenizers as Hugging Face transformers has them: fixtures for the tests, and a comparison at large.

Needs torch-free transformers 4.57, tokenizers and sentencepiece (`pip install transformers==4.57.6 sentencepiece
protobuf`), in a virtual environment outside the tree.

    tokenizers.py fixtures DIR             small tokenizers and what transformers makes of texts with them
    tokenizers.py train DIR                larger ones, with SentencePiece's own normalization tables
    tokenizers.py variants FROM DIR        the trained ones, saved and configured in the ways that are met in the wild
    tokenizers.py export FROM DIR          the files of a slow tokenizer from a fast one (BART, PEGASUS)
    tokenizers.py strings COUNT            lines of JSON for `--example tokenize`
    tokenizers.py compare COUNT BINARY DIR...   that example and transformers on the same texts
    tokenizers.py slow COUNT DIR...        where the slow tokenizer of transformers differs from the fast one
"""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.pop(0)  # this file's folder, where the library of the same name would be looked for

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoTokenizer, BartTokenizer, MBartTokenizer, PegasusTokenizer, T5Tokenizer

WORDS = {
    "latin": "the ferry council harbour said wouldn't budget İzmir naïve façade Ærø Łódź smörgåsbord São déjà-vu "
    "Straße coöperate Đà Nẵng ﬁnancial ﬂow ½ ² ™ Ångström don't they've she's I'm we're".split(),
    "cyrillic": "паром городской совет сегодня решил гавань Київ їжак Ђорђе объём йод".split(),
    "greek": "το πλοίο έφυγε από λιμάνι Αθήνα ΰψος ὀξύς".split(),
    "arabic": "العبّارة غادرت الميناء اليوم می‌خواهم کتاب‌ها لا إله".split(),
    "hebrew": "המעבורת יצאה מן הנמל שָׁלוֹם".split(),
    "devanagari": "नौका बंदरगाह से निकली क्षत्रिय श्रीमान् र्‍य".split(),
    "thai": "เรือข้ามฟากออกจากท่าเรือแล้ววันนี้ น้ำ".split(),
    "cjk": "渡轮今天离开了港口 市議會決定 カーフェリーが出港した ﾊﾝｶｸ 全角ＡＢＣ１２３ 。「はい」".split(),
    "hangul": "여객선이 오늘 항구를 떠났다 가각간".split(),
    "emoji": "👩‍👩‍👧‍👦 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇳🇴 ❤️ 🤷🏿‍♀️ 1️⃣ 🎉".split(),
    "marks": ["e\u0301", "a\u0323\u0307", "Z̸̡͎a̵l̶go", "\u200fRTL\u200e", "\u202eevil\u202c", "x\u0338", "n\u0303"],
    "controls": ["\x00", "\x07", "\x1b[0m", "\x85", "\x7f", "\ufeff", "\u200b", "\u00ad", "\ufffd", "\ufffe", "\u2028"],
    "spaces": ["\u00a0", "\u2009", "\u202f", "\u3000", "\u2003", "  ", "   ", "\t", "\n", "\r\n", " \n ", "\n\n\n"],
    "numbers": "1,234.56 12% £3.5m 2026-11-24 007 3⅓ 10⁶ ١٢٣ १२३ 1e-9".split(),
    "web": ["https://example.org/a?b=c&d=%20#e", "mail@example.org", "@user", "#tag", "www.example.com/ä"],
    "code": ["fn main() { println!(\"{}\", x[0]); }", "a->b != c", "</div>", "<br/>", "\\n", "{{x}}", "`code`"],
    "long": ["Donaudampfschifffahrtsgesellschaft" * 3, "a" * 70, "=" * 40, "." * 30, "ab" * 60, "ーーーーーーーー"],
    "special": "</s> <s> <pad> <unk> <mask> <mask_1> <mask_2> <unk_7> <extra_id_0> <extra_id_99> <extra_id_100> en_XX "
    "＜/s＞ </ s> <S> <0x0A> <0xE2> <sep> ▁ ▁▁x <n> [BREAK] [BREAK".split(),
    "punctuation": [".", " .", "!", " ?", ",", "'", " ' ", "n't", " n't", "'s", " 's", "“x”", "—", "…", "(", ")", "-", "''", "``"],
}
SENTENCES = [
    "The last ferry of the season left the harbour with eleven people on board and a crate of apples.",
    "Councillors voted nine to two for the new bridge, which is to cost 4.2 million over three years.",
    "“We didn't expect the water to rise that fast,” said the owner of the bakery on the quay.",
    "Rain fell for six days; on the seventh the river was back between its banks, and the mills turned again.",
    "A school in the north has taught its pupils to keep bees, and sells the honey at the station on Fridays.",
    "Паром ушёл из гавани вечером, и на борту было одиннадцать человек.",
    "Le dernier bac de la saison a quitté le port ; onze passagers étaient à bord, déjà très fatigués.",
    "Die Fähre verließ den Hafen gegen Abend, während über den Dächern noch die Möwen kreisten.",
    "渡轮在傍晚离开了港口，船上有十一个人。",
    "フェリーは夕方に港を出て、十一人が乗っていた。",
    "غادرت العبّارة الميناء مساءً وعلى متنها أحد عشر شخصًا.",
    "Το πλοίο έφυγε από το λιμάνι το βράδυ με έντεκα επιβάτες.",
    "여객선은 저녁에 항구를 떠났고 열한 명이 타고 있었다.",
    "नौका शाम को बंदरगाह से निकली और उसमें ग्यारह लोग थे।",
]
# A small table in place of SentencePiece's own of 240 kB: ligatures, wide letters, spaces, a composition, a removal.
RULES = [("ﬁ", "fi"), ("ﬂ", "fl"), ("½", "1⁄2"), ("²", "2"), ("™", "TM"), ("\u00a0", " "), ("\u2009", " "), ("\u3000", " "),
         ("\t", " "), ("\n", " "), ("\r", " "), ("e\u0301", "é"), ("n\u0303", "ñ"), ("\u200b", ""), ("\u00ad", ""),
         ("Ａ", "A"), ("Ｂ", "B"), ("Ｃ", "C"), ("＜", "<"), ("＞", ">"), ("…", "...")]


def texts(count, seed=7):
    """As many texts, of one script or mixed, with all that goes wrong in between."""
    rng = random.Random(seed)
    kinds = list(WORDS)
    yield from ["", " ", "  ", "\n", "a", "</s>", " </s> ", "▁", "é"][: max(0, count)]
    for _ in range(max(0, count - 9)):
        own = rng.sample(kinds, rng.choice([1, 1, 2, 3, 6]))
        parts = []
        for _ in range(rng.randint(1, 14)):
            roll = rng.random()
            if roll < 0.25:
                words = rng.choice(SENTENCES).split(" ")
                start = rng.randrange(len(words))
                parts.append(" ".join(words[start : start + rng.randint(1, 8)]))
            elif roll < 0.32:
                parts.append(chr(rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x3000, 0xD800),
                                             rng.randrange(0x1F000, 0x1FB00), rng.randrange(0xE000, 0x110000)])))
            else:
                parts.append(rng.choice(WORDS[rng.choice(own)]))
        glue = rng.choice([" ", " ", " ", "", "  ", "\n"])
        yield glue.join(parts)


def corpus(path, lines=4000):
    """A text to train on: every sentence, then mixtures of words."""
    rng = random.Random(11)
    with open(path, "w", encoding="utf-8") as out:
        for _ in range(lines):
            words = [rng.choice(WORDS[kind]) for kind in rng.choices(
                ["latin", "cyrillic", "greek", "arabic", "devanagari", "thai", "cjk", "hangul", "numbers", "punctuation"], k=6)]
            out.write(rng.choice(SENTENCES) + " " + " ".join(words).replace("\n", " ") + "\n")


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def train_unigram(directory, name, size, config, rule, ids, **options):
    """A SentencePiece model and the configuration beside it; returns its directory."""
    out = directory / name
    out.mkdir(parents=True, exist_ok=True)
    text = directory / "corpus.txt"
    corpus(text)
    if rule == "table":
        table = directory / "rules.tsv"
        code = lambda text: " ".join(f"{ord(c):X}" for c in text)
        table.write_text("".join(f"{code(a)}\t{code(b)}\n" for a, b in RULES), encoding="utf-8")
        options["normalization_rule_tsv"] = str(table)
    else:
        options["normalization_rule_name"] = rule
    file = "sentencepiece.bpe.model" if "MBart" in config["tokenizer_class"] else "spiece.model"
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(directory / "m"), vocab_size=size, model_type="unigram", num_threads=1,
        character_coverage=0.995, hard_vocab_limit=False, minloglevel=2, **ids, **options)
    shutil.move(directory / "m.model", out / file)
    for leftover in [directory / "m.vocab", text, directory / "rules.tsv"]:
        leftover.unlink(missing_ok=True)
    write_json(out / "tokenizer_config.json", config)
    return out


def train_bytes(directory, name, size, config):
    """Byte-level BPE as BART has it."""
    out = directory / name
    out.mkdir(parents=True, exist_ok=True)
    text = directory / "corpus.txt"
    corpus(text)
    trained = ByteLevelBPETokenizer()
    trained.train([str(text)], vocab_size=size, min_frequency=2, show_progress=False,
                  special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(str(out))
    text.unlink()
    write_json(out / "tokenizer_config.json", config)
    return out


def train_all(directory, scale, table):
    """The families, each with options that matter."""
    t5 = dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    fairseq = dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1)
    symbols = dict(user_defined_symbols=["<n>", "[BREAK]"])
    return [
        train_unigram(directory, "t5", 60 + 300 * scale, {"tokenizer_class": "T5Tokenizer",
                      "clean_up_tokenization_spaces": True}, table, t5),
        train_unigram(directory, "t5-bytes", 360 + 260 * scale, {"tokenizer_class": "T5Tokenizer", "extra_ids": 3, "legacy": False,
                      "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>", "<extra_id_2>", "<sep>"]},
                      "identity", t5, byte_fallback=True, **symbols),
        train_unigram(directory, "pegasus", 60 + 300 * scale, {"tokenizer_class": "PegasusTokenizer"}, table, t5, **symbols),
        train_unigram(directory, "mbart", 60 + 300 * scale, {"tokenizer_class": "MBartTokenizer", "src_lang": "de_DE"},
                      table, fairseq),
        train_bytes(directory, "bart", 500 + 100 * scale, {"tokenizer_class": "BartTokenizer",
                    "clean_up_tokenization_spaces": True}),
    ]


def answers(tokenizer, text):
    """What transformers makes of a text."""
    ids = tokenizer(text)["input_ids"]
    return {"ids": ids, "decoded": tokenizer.decode(ids), "skipped": tokenizer.decode(ids, skip_special_tokens=True)}


def fixtures(directory):
    for seed, out in enumerate(train_all(directory, 1, "table")):
        slow = AutoTokenizer.from_pretrained(out)
        slow.save_pretrained(out / "fast", legacy_format=False)
        for name in ["spiece.model", "sentencepiece.bpe.model", "vocab.json", "merges.txt", "special_tokens_map.json"]:
            (out / "fast" / name).unlink(missing_ok=True)
        for file in (out / "fast").iterdir():
            write_json(file, json.loads(file.read_text(encoding="utf-8")))
        fast = AutoTokenizer.from_pretrained(out / "fast")
        with open(out / "cases.jsonl", "w", encoding="utf-8") as cases:
            kept = 0
            for text in texts(200, seed=100 + seed):
                answer = answers(slow, text)
                assert answer == answers(fast, text), (out, text)
                if len(text) < 110 and kept < 42:
                    kept += 1
                    cases.write(json.dumps({"text": text, **answer}, ensure_ascii=False, separators=(",", ":")) + "\n")


def export(source, directory):
    """The files of a slow tokenizer, as its model would have shipped them."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in ["tokenizer_config.json", "config.json", "special_tokens_map.json"]:
        if (source / name).exists():
            shutil.copyfile(source / name, directory / name)
    fast = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    model = fast["model"]
    if model["type"] == "BPE":
        write_json(directory / "vocab.json", model["vocab"])
        merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
        (directory / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
        return
    import base64
    offset = 103
    proto = sentencepiece_model_pb2.ModelProto()
    proto.trainer_spec.model_type = 1
    proto.trainer_spec.unk_id = model["unk_id"] - offset
    proto.normalizer_spec.precompiled_charsmap = base64.b64decode(fast["normalizer"]["normalizers"][0]["precompiled_charsmap"])
    types = {0: 3, 1: 3, model["unk_id"]: 2}
    for index, (piece, score) in enumerate(model["vocab"]):
        if index < 2 or index >= offset + 2:
            proto.pieces.add(piece=piece, score=score, type=types.get(index, 1))
    (directory / "spiece.model").write_bytes(proto.SerializeToString())


def variants(source, directory):
    """Directories as transformers of several years left them."""
    def copy(family, name, **config):
        out = directory / name
        shutil.copytree(source / family, out, dirs_exist_ok=True)
        kept = json.loads((out / "tokenizer_config.json").read_text(encoding="utf-8")) | config
        write_json(out / "tokenizer_config.json", {k: v for k, v in kept.items() if v is not None})
        return out

    T5Tokenizer.from_pretrained(source / "t5").save_pretrained(directory / "t5-saved-slow")
    PegasusTokenizer.from_pretrained(source / "pegasus").save_pretrained(directory / "pegasus-saved-slow")
    MBartTokenizer.from_pretrained(source / "mbart").save_pretrained(directory / "mbart-saved-slow")
    BartTokenizer.from_pretrained(source / "bart").save_pretrained(directory / "bart-saved-slow")
    for family in ["t5", "t5-bytes", "pegasus", "mbart", "bart"]:
        out = directory / f"{family}-saved-fast"
        AutoTokenizer.from_pretrained(source / family).save_pretrained(out)
        old = directory / f"{family}-old"
        shutil.copytree(out, old, dirs_exist_ok=True)
        config = json.loads((old / "tokenizer_config.json").read_text(encoding="utf-8"))
        config.pop("added_tokens_decoder")
        write_json(old / "tokenizer_config.json", config)
    added = AutoTokenizer.from_pretrained(source / "t5")
    added.add_tokens(["<cite>", "ferry council"])
    added.add_special_tokens({"additional_special_tokens": ["<speaker>"]}, replace_additional_special_tokens=False)
    added.save_pretrained(directory / "t5-added")
    write_json(copy("t5", "t5-added-listed") / "added_tokens.json", {"<cite>": 9000, "ferry": 9001})
    generic = directory / "bart-generic"
    shutil.copytree(directory / "bart-saved-fast", generic, dirs_exist_ok=True)
    config = json.loads((generic / "tokenizer_config.json").read_text(encoding="utf-8"))
    write_json(generic / "tokenizer_config.json", config | {"tokenizer_class": "PreTrainedTokenizerFast"})
    for name in ["vocab.json", "merges.txt"]:
        (generic / name).unlink()
    copy("bart", "bart-prefix-space", add_prefix_space=True)
    AutoTokenizer.from_pretrained(directory / "bart-prefix-space").save_pretrained(directory / "bart-prefix-space-fast")
    copy("t5", "t5-no-prefix-space", add_prefix_space=False)
    copy("t5", "t5-new", legacy=False)
    copy("mbart", "mbart50", tokenizer_class="MBart50Tokenizer")
    write_json(copy("pegasus", "pegasus-by-model", tokenizer_class=None) / "config.json", {"model_type": "pegasus"})
    write_json(copy("t5", "mt5-by-model", tokenizer_class=None) / "config.json", {"model_type": "mt5"})


def compare(count, binary, directories):
    strings = list(texts(count))
    lines = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(strings))
    failed = False
    for directory in directories:
        tokenizer = AutoTokenizer.from_pretrained(directory)
        run = subprocess.run([binary, str(directory)], input=lines.encode(), stdout=subprocess.PIPE, check=True)
        rows = [json.loads(line) for line in run.stdout.splitlines()]
        assert len(rows) == len(strings)
        wrong = {"ids": 0, "decoded": 0, "skipped": 0, "streamed": 0, "literal": 0}
        control = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        frame = tokenizer("")["input_ids"]
        for text, row in zip(strings, rows):
            expected = answers(tokenizer, text)
            for key in ["ids", "decoded", "skipped"]:
                if row[key] != expected[key]:
                    wrong[key] += 1
                    if wrong[key] <= 3:
                        print(directory, key, json.dumps(text), row[key], expected[key], sep="\n  ")
            wrong["streamed"] += not row["streamed"]
            wrong["literal"] += sum(id in control for id in row["literal"]) != len(frame)
        failed |= any(wrong.values())
        print(f"{directory}: {len(strings)} texts, differences: {wrong}")
    sys.exit(failed)


def slow(count, directories):
    classes = {"T5Tokenizer": T5Tokenizer, "PegasusTokenizer": PegasusTokenizer, "MBartTokenizer": MBartTokenizer}
    for directory in directories:
        fast = AutoTokenizer.from_pretrained(directory)
        cls = classes[type(fast).__name__.removesuffix("Fast")]
        for options in [{"legacy": True}, {"legacy": False}] if cls is T5Tokenizer else [{}]:
            other = cls.from_pretrained(directory, **options)
            strings = list(texts(count))
            different = [text for text in strings if other(text)["input_ids"] != fast(text)["input_ids"]]
            print(f"{directory} {options}: {len(different)} of {count} differ; the shortest:")
            for text in sorted(different, key=len)[:8]:
                print("   ", json.dumps(text, ensure_ascii=False), other.tokenize(text), fast.tokenize(text))


def main():
    command, *args = sys.argv[1:]
    if command == "fixtures":
        fixtures(Path(args[0]))
    elif command == "train":
        train_all(Path(args[0]), 6, "nmt_nfkc")
    elif command == "variants":
        variants(Path(args[0]), Path(args[1]))
    elif command == "export":
        export(Path(args[0]), Path(args[1]))
    elif command == "strings":
        for i, text in enumerate(texts(int(args[0]))):
            print(json.dumps({"id": i, "text": text}))
    elif command == "compare":
        compare(int(args[0]), args[1], [Path(arg) for arg in args[2:]])
    elif command == "slow":
        slow(int(args[0]), [Path(arg) for arg in args[1:]])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
