//! The presets themselves. Numbers of parameters are those of the published files.

use super::{Family, Preset, Shape};

const T5_SMALL: Shape =
    Shape { parameters: 6_050, decoder_layers: 6, heads: 8, attention_width: 512, input: 512 };
const FLAN_SMALL: Shape =
    Shape { parameters: 7_696, decoder_layers: 8, heads: 6, attention_width: 384, input: 512 };
const FLAN_BASE: Shape =
    Shape { parameters: 24_758, decoder_layers: 12, heads: 12, attention_width: 768, input: 512 };
const FLAN_LARGE: Shape =
    Shape { parameters: 78_315, decoder_layers: 24, heads: 16, attention_width: 1024, input: 512 };
const FLAN_XL: Shape =
    Shape { parameters: 285_000, decoder_layers: 24, heads: 32, attention_width: 2048, input: 512 };
const DISTILBART: Shape =
    Shape { parameters: 30_551, decoder_layers: 6, heads: 16, attention_width: 1024, input: 1024 };
const BART_LARGE: Shape =
    Shape { parameters: 40_629, decoder_layers: 12, heads: 16, attention_width: 1024, input: 1024 };
const PEGASUS: Shape =
    Shape { parameters: 57_080, decoder_layers: 16, heads: 16, attention_width: 1024, input: 1024 };
const PEGASUS_XSUM: Shape = Shape { parameters: 56_970, input: 512, ..PEGASUS };

const FLAN_LANGUAGES: &[&str] = &["en", "de", "fr", "es", "ro"];

const fn preset(
    name: &'static str,
    repository: &'static str,
    family: Family,
    shape: Shape,
    good_for: &'static str,
) -> Preset {
    Preset { name, family, languages: &["en"], licence: "Apache-2.0", good_for, repository, shape }
}

pub(super) static PRESETS: [Preset; 12] = [
    preset(
        "t5-small-billsum",
        "stevhliu/my_awesome_billsum_model",
        Family::T5,
        T5_SMALL,
        "trying things out: tiny and fast, trained on bills of law, weak on news",
    ),
    Preset {
        languages: &["en", "fr", "ro", "de"],
        ..preset(
            "t5-small",
            "google-t5/t5-small",
            Family::T5,
            T5_SMALL,
            "the smallest machines; English summaries",
        )
    },
    Preset {
        languages: FLAN_LANGUAGES,
        ..preset(
            "flan-t5-small",
            "google/flan-t5-small",
            Family::T5,
            FLAN_SMALL,
            "small machines; short answers",
        )
    },
    Preset {
        languages: FLAN_LANGUAGES,
        ..preset(
            "flan-t5-base",
            "google/flan-t5-base",
            Family::T5,
            FLAN_BASE,
            "a fair start that follows instructions",
        )
    },
    Preset {
        languages: FLAN_LANGUAGES,
        ..preset(
            "flan-t5-large",
            "google/flan-t5-large",
            Family::T5,
            FLAN_LARGE,
            "better wording, with time to wait",
        )
    },
    Preset {
        languages: FLAN_LANGUAGES,
        ..preset(
            "flan-t5-xl",
            "google/flan-t5-xl",
            Family::T5,
            FLAN_XL,
            "the best of this family; a large machine",
        )
    },
    preset(
        "distilbart",
        "sshleifer/distilbart-cnn-12-6",
        Family::Bart,
        DISTILBART,
        "news in a few sentences: good, and quick for its size",
    ),
    preset(
        "distilbart-xsum",
        "sshleifer/distilbart-xsum-12-6",
        Family::Bart,
        DISTILBART,
        "news in one sentence",
    ),
    Preset {
        licence: "MIT",
        ..preset(
            "bart-large-cnn",
            "facebook/bart-large-cnn",
            Family::Bart,
            BART_LARGE,
            "news in a few sentences, close to the text",
        )
    },
    Preset {
        licence: "MIT",
        ..preset(
            "bart-large-xsum",
            "facebook/bart-large-xsum",
            Family::Bart,
            BART_LARGE,
            "news in one sentence, freely worded: check its facts",
        )
    },
    preset("pegasus-cnn", "google/pegasus-cnn_dailymail", Family::Pegasus, PEGASUS, "news in highlights"),
    preset(
        "pegasus-xsum",
        "google/pegasus-xsum",
        Family::Pegasus,
        PEGASUS_XSUM,
        "news in one sentence, freely worded: check its facts",
    ),
];
