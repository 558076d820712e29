//! Where sentences end: a table, and what holds for any text.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use summarizer_svc::document::{
    Article, Document, LONGEST_SENTENCE, Language, Orthography, SentenceRange, collapse, split,
};

/// A language, and a text with `‖` at each border between two sentences.
const CASES: &[(&str, &str)] = &[
    // titles
    ("en", "Mr. Smith left.‖ He was late."),
    ("en", "Gov. Ann Lee met Sen. Bob Ray and Rep. Jo Fox.‖ They talked."),
    ("en", "It is St. Patrick's Day.‖ Dr. Dre agrees."),
    ("en", "Lt. Col. James Hart spoke.‖ Nobody listened."),
    ("en", "The Rev. Martin Luther King Jr. spoke here.‖ It rained."),
    ("en", "He flew to St. Louis, Mo., on Friday.‖ She stayed."),
    ("en", "Messrs. Brown and Green run it.‖ Mme. Blanc does not."),
    // abbreviations
    ("en", "Apple Inc. sued Samsung Electronics Co. Ltd. in 2011.‖ It won."),
    ("en", "He works for Acme Inc.‖ He likes it."),
    ("en", "Bring pens, paper, etc. to the class.‖ Don't be late."),
    ("en", "Bring pens, paper, etc.‖ The class starts at nine."),
    ("en", "See fig. 3 and vol. 12, pp. 4-9.‖ Then read on."),
    ("en", "It ranked No. 1 on Jan. 5.‖ It fell later."),
    ("en", "They said no.‖ Others agreed."),
    ("en", "It is Smith vs. Jones.‖ Smith won."),
    ("en", "Many animals, e.g. Cats, sleep all day.‖ Dogs don't."),
    ("en", "He lives on Fifth Ave. near the park.‖ She doesn't."),
    ("en", "The army's Gen. Hospital closed in Sept. 2014.‖ It reopened."),
    // initials
    ("en", "John F. Kennedy was shot.‖ Lee H. Oswald was held."),
    ("en", "J. K. Rowling and J.R.R. Tolkien write.‖ So does she."),
    ("en", "George W. Bush won.‖ Al Gore lost."),
    ("en", "He got a B.‖ She got an A.‖ They were happy."),
    ("en", "The answer is C.‖ The question was hard."),
    // dotted abbreviations
    ("en", "The U.S. Senate voted.‖ The U.K. did not."),
    ("en", "He moved to the U.S.‖ He liked it there."),
    ("en", "It opens at 9 a.m. on Monday.‖ It closes at 5 p.m.‖ The shop is small."),
    ("en", "It began at 5 p.m. Friday.‖ Nobody came."),
    ("en", "She has a Ph.D. in physics.‖ He has an M.D.‖ They met in Washington, D.C.‖ It was hot."),
    ("en", "Troops from the U.N. and the E.U. arrived.‖ They left."),
    // numbers, versions, addresses
    ("en", "Prices rose 3.5 percent to $1.20.‖ They fell 0.4 percent."),
    ("en", "It cost 5.‖ Then it cost 6."),
    ("en", "Python 3.12.1 is out.‖ Version 2.0 is not."),
    ("en", "The server is at 10.0.0.1.‖ Ping it."),
    ("en", "Visit www.example.com.‖ It is free."),
    ("en", "Visit www.Example.com or https://a.b/c.D?e=F.‖ Then call."),
    ("en", "Write to jane.doe@example.org.‖ She answers."),
    ("en", "It was written in Node.js and ASP.NET.‖ It works."),
    ("en", "Sales at Amazon.com rose.‖ Profits fell."),
    ("en", "The file is called setup.exe.‖ Delete it."),
    // no space after the stop
    ("en", "The war ended.‖Then peace came.‖It lasted."),
    ("en", "\"It is over.\"‖Then he left."),
    ("en", "He left in 2015.‖Nobody saw him again."),
    ("en", "Is it over?‖Nobody knows!‖They wait."),
    ("en", "She said yes.‖\"I will,\" she said."),
    // quotations
    ("en", "\"I am tired.‖ I want to sleep,\" he said.‖ He slept."),
    ("en", "\"Stop!\" he cried.‖ Nobody stopped."),
    ("en", "\"Where is it?\" she asked.‖ \"There.\"‖ He pointed."),
    ("en", "He said, \"It is done.\"‖ She nodded."),
    ("en", "He called it \"a mess\".‖ She agreed."),
    ("en", "“It is done.”‖ “Good.”‖ They left."),
    ("en", "“He told me, ‘Go away.’”‖ I went."),
    ("en", "'He told me, \"Go away.\"'‖ I went."),
    ("en", "He read \"War and Peace.\" in a week.‖ It is long."),
    ("en", "She asked, “Why?” and left.‖ He stayed."),
    ("en", "It's the players' fault.‖ 'Tis true."),
    ("en", "The '90s were good.‖ The '80s weren't."),
    ("fr", "« C'est fini. »‖ Il partit.‖ « Ah bon ? » dit-elle."),
    ("de", "„Es ist vorbei.“‖ Er ging.‖ „Warum?“, fragte sie."),
    ("de", "»Es ist vorbei.«‖ Er ging."),
    // ellipses
    ("en", "He waited... and waited.‖ She came."),
    ("en", "He waited...‖ She came."),
    ("en", "He waited…‖ She came… late."),
    ("en", "Well . . . maybe.‖ Or not."),
    ("en", "\"I don't know...\" he said.‖ He left."),
    // runs
    ("en", "What?!‖ Really?!?!‖ Yes!!!‖ Good."),
    ("en", "No way!!‖ It can't be??‖ It is."),
    // marks inside names
    ("en", "Yahoo! said it would sell.‖ Shares rose."),
    ("en", "The film Jeopardy! was on, and so was Oklahoma! with songs.‖ I slept."),
    ("en", "Who wants to be a millionaire? is a show.‖ It is old."),
    // brackets
    ("en", "He left (it was late).‖ She stayed."),
    ("en", "He left.‖ (It was late.)‖ She stayed."),
    ("en", "It (the U.S.) won.‖ They lost [again].‖ So what."),
    ("en", "The vote (it was close!) ended.‖ All went home."),
    // lists, dates, headlines, answers
    ("en", "1. Wash the rice.‖ 2. Boil it."),
    ("en", "a) Wash it.‖ b) Boil it."),
    ("en", "He was born on 3.4.1970.‖ She was born in 1971."),
    ("en", "Council votes to close bridge"),
    ("en", "Yes.‖ No.‖ Maybe."),
    ("en", "Council votes‖\n\nThe bridge is closed.‖ It will reopen."),
    ("en", "The line\nbreaks here.‖ And\nhere."),
    ("en", "eBay sold it.‖ iPhone sales rose.‖ iPads did not."),
    // lower-cased, tokenized
    ("en", "the man left . ‖he was late . ‖nobody knew ."),
    ("en", "mr. smith met u.s. officials at 5 p.m. on friday . ‖they talked ."),
    ("en", "' i am tired . ‖i want to sleep , ' he said . ‖he slept ."),
    ("en", "' he is here . ' ‖she nodded . ‖it was over ."),
    ("en", "prices rose 3.5 percent to $ 1.20 . ‖they fell ."),
    ("en", "`` it is done . '' ‖he left . ‖she did n't ."),
    ("en", "what is it ? ‖nobody knows ! ‖they wait ."),
    ("en", "( it was late . ) ‖he left ."),
    ("en", "john f. kennedy and j. edgar hoover met . ‖it rained ."),
    ("en", "\" it is done . \" ‖he left ."),
    // German ordinals and abbreviations
    ("de", "Am 3. Oktober ist frei.‖ Am 4. nicht."),
    ("de", "Der 1. FC Köln gewann.‖ Der 2. FC verlor."),
    ("de", "Es kostet z.B. 5 Euro.‖ Das ist viel."),
    ("de", "Er kam 1990.‖ Sie kam 1991."),
    ("de", "Er war, d.h. Er blieb, lange da.‖ Dann ging er."),
    ("de", "Kaiser Wilhelm II. regierte lange.‖ Er floh."),
    ("de", "Prof. Dr. Müller sprach.‖ Alle schwiegen."),
    // other languages
    ("es", "¿Qué pasa?‖ ¡Nada!‖ Todo va bien."),
    ("es", "Llegó tarde.‖ ¿Por qué?‖ El Sr. López no lo sabe."),
    ("es", "\"¿Qué?\" preguntó.‖ Nadie respondió."),
    ("fr", "M. Dupont est parti.‖ Il était tard.‖ Mme. Dupont est restée."),
    ("it", "Il dott. Rossi è partito.‖ Era tardi."),
    ("pt", "O Sr. Silva saiu.‖ Era tarde."),
    ("el", "Τι κάνεις;‖ Καλά.‖ Ο κ. Παπαδόπουλος έφυγε."),
    ("ru", "Он ушёл.‖ Г. Иванов остался в 2015 г.‖ Она пришла."),
    ("ja", "橋は閉鎖された。‖市は渡し船を出す。‖本当ですか？‖はい。"),
    ("ja", "「はい。そうです。」と彼は言った。‖彼女は笑った。"),
    ("ja", "「もう終わった。」‖「よかった。」‖彼らは去った。"),
    ("zh", "桥关闭了。‖市政府提供渡船！‖真的吗？‖是的。"),
    ("zh", "“桥关闭了。”‖他说。"),
    ("ar", "أغلق الجسر.‖ هل هذا صحيح؟‖ نعم."),
    ("he", "הגשר נסגר.‖ המעבורת פועלת.‖ האם זה נכון?‖ כן."),
    ("hi", "पुल बंद है।‖ नाव चलेगी।‖ क्या यह सच है?‖ हाँ।"),
    ("ur", "پل بند ہے۔‖ کشتی چلے گی۔‖ کیا یہ سچ ہے؟‖ ہاں۔"),
    ("hy", "Կամուրջը փակ է։‖ Լաստանավը կգործի։"),
    ("am", "ድልድዩ ተዘግቷል።‖ ጀልባው ይሠራል።"),
    ("my", "တံတားပိတ်ထားသည်။‖ လှေသွားမည်။"),
    ("ko", "다리가 폐쇄되었다.‖ 배가 운행된다.‖ 정말인가?‖ 그렇다."),
    ("th", "สะพานปิดแล้ว"),
    // mixed languages and directions
    ("en", "He said \"c'est la vie\" and left.‖ Then «au revoir».‖ It rained."),
    ("ar", "قال إن GPT-4.5 متاح الآن.‖ هل هذا صحيح؟"),
    ("ja", "NASAは公開した。‖Ver. 2.0は無料だ。‖次は3.0だ。"),
    // no white space that anybody sees, and marks alone
    ("en", "One came.\u{a0}‖Two came.\u{3000}‖Three came."),
    ("en", "..."),
    ("en", "?!"),
];

fn sentences(text: &str, language: &str) -> Vec<String> {
    let orthography = Orthography::of(&Language::given(&language.parse().unwrap()), text);
    split(text, orthography).into_iter().map(|range| text.get(range.bytes).unwrap().to_owned()).collect()
}

#[test]
fn sentences_end_where_a_reader_would_end_them() {
    let mut wrong = Vec::new();
    for (language, case) in CASES {
        let expected: Vec<&str> = case.split('‖').map(str::trim).collect();
        let found = sentences(&case.replace('‖', ""), language);
        if found != expected {
            wrong.push(format!("{language}: {expected:?}\n    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[rustfmt::skip]
const STUMBLING_BLOCKS: &[&str] = &[
    ".", "...", "…", "!", "?", "?!", "\"", "'", "“", "”", "„", "«", "»", "(", ")", "。", "「", "」", "؟",
    "।", " ", "  ", "\n", "\n\n", "\t", "\u{a0}", "\u{3000}", "\u{200b}", "\0", "Mr.", "U.S.", "3.",
    "3.5", "e.g.", "a.b@c.de", "http://x.y/z.A", "é", "e\u{301}", "👩‍👩‍👧", "สะพาน", "橋", "ß", "İ",
];

/// Text made of what splitters stumble over.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,8}",
        "\\PC{0,4}",
        prop::sample::select(STUMBLING_BLOCKS).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn assert_whole(text: &str, ranges: &[SentenceRange]) {
    let mut end = 0;
    for SentenceRange { bytes, chars } in ranges {
        assert!(bytes.start < bytes.end && end <= bytes.start, "empty, or out of order");
        let between = text.get(end..bytes.start).unwrap();
        assert!(between.chars().all(char::is_whitespace), "{between:?} is lost");
        let sentence = text.get(bytes.clone()).unwrap();
        assert_eq!(sentence.trim(), sentence);
        let by_chars: String = text.chars().skip(chars.start).take(chars.len()).collect();
        assert_eq!(by_chars, sentence);
        assert!(chars.len() <= LONGEST_SENTENCE);
        end = bytes.end;
    }
    assert!(text.get(end..).unwrap().trim().is_empty(), "the end is lost");
}

/// What has no border anywhere, or a possible one everywhere.
const PATHOLOGICAL: &[&str] = &[
    ".",
    ". ",
    " .",
    ". . . ",
    "...",
    "!?",
    "\"",
    ". \"",
    ".\"",
    "\".",
    "' . ",
    "(",
    ".(",
    ". ( ",
    ")",
    ".)",
    "a",
    "a.",
    "A.",
    "a.A",
    "Mr. ",
    "U.S.",
    "1.",
    "1. ",
    "a@b.",
    "://",
    "www.",
    "。",
    "。」",
    "「。",
    "สะพาน ",
    "\n",
    "\n\n",
    " ",
    ". \n",
    "e\u{301}",
    "\u{301}",
    "🇦",
    "👩\u{200d}",
    "\0",
    "\u{200b}",
    "x, ",
    ";",
    "aA",
    ".Aa",
    "Xx.Xx",
];

/// A quadratic path would take minutes on any of these.
#[test]
fn any_text_is_split_in_good_time() {
    let each = PATHOLOGICAL.iter().map(|piece| piece.repeat(250_000 / piece.len()));
    let all = PATHOLOGICAL.concat();
    for text in each.chain([all.repeat(1_000_000 / all.len())]) {
        let orthography = Orthography::of(&Language::given(&"de".parse().unwrap()), &all);
        let began = Instant::now();
        let ranges = split(&text, orthography);
        let sample: String = text.chars().take(20).collect();
        assert!(began.elapsed() < Duration::from_secs(5), "{sample:?} took {:?}", began.elapsed());
        assert!(ranges.iter().all(|range| range.chars.len() <= LONGEST_SENTENCE));
    }
}

proptest! {
    #[test]
    fn nothing_but_white_space_is_lost_and_nothing_said_twice(text in text(), language in "(en|de|ja|th|ar)") {
        let orthography = Orthography::of(&Language::given(&language.parse().unwrap()), &text);
        assert_whole(&text, &split(&text, orthography));
    }

    #[test]
    fn the_text_of_a_sentence_is_its_span_with_white_space_collapsed(text in text(), title in "\\PC{0,8}") {
        let article = Article::from_text(&title, &text);
        for sentence in Document::read(&article, None).sentences {
            let paragraph = &article.paragraphs.get(sentence.paragraph).unwrap().text;
            let span: String =
                paragraph.chars().skip(sentence.start).take(sentence.end - sentence.start).collect();
            prop_assert_eq!(collapse(&span), sentence.text);
        }
    }
}
