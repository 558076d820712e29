//! A model's batch as metrics.

use inference::batching::BatchFigures;
use service_kit::metrics::{
    Kind::{Counter, Gauge},
    Sample, watch,
};

use super::Abstractive;

impl Abstractive {
    /// Shows in the metrics what is decoded, until the model is gone.
    pub fn watched(self) -> Self {
        if let Some(batch) = self.pretrained.model.batch() {
            let name = self.identity.model.id.to_string();
            watch(move || batch.figures().map(|figures| samples(figures, &name)));
        }
        self
    }
}

fn samples(figures: BatchFigures, model: &str) -> Vec<Sample> {
    let BatchFigures { steps, rows, decoding } = figures;
    let steps_help = "Steps of decoding, each of which reads the weights once";
    let rows_help = "Rows of all steps of decoding: by their number, how full the batch is";
    [
        ("summarizer_decoding", "Requests that are being decoded", Gauge, decoding as f64),
        ("summarizer_decode_steps", steps_help, Counter, steps as f64),
        ("summarizer_decode_rows", rows_help, Counter, rows as f64),
    ]
    .map(|(name, help, kind, value)| {
        let labels = vec![("model", model.to_owned())];
        Sample { name, help, kind, labels, value }
    })
    .into()
}
