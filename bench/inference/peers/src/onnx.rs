//! rten, with the graphs that `onnx_export.py` makes for it and ONNX Runtime.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use rten::{Model, NodeId, Value, ValueOrView};
use rten_tensor::{NdTensor, Tensor, prelude::*};
use serde_json::Value as Json;

use crate::{Job, Side};

pub(crate) struct Rten {
    encoder: Model,
    greedy: Decoder,
    /// Opened when it is first needed.
    beams: Option<Decoder>,
    graphs: PathBuf,
    start: i32,
    end: i32,
}

/// A decoder's graph and where its inputs and outputs are.
struct Decoder {
    model: Model,
    ids: NodeId,
    /// The row that each row goes on from, and how many tokens are asked for; of beams only.
    choice: Option<[NodeId; 2]>,
    sources: Vec<NodeId>,
    past: Vec<NodeId>,
    outputs: Vec<NodeId>,
    /// Heads and width of the keys.
    cache: [usize; 2],
}

impl Decoder {
    fn open(path: &Path, results: &[&str], choice: Option<[&str; 2]>) -> Result<Self, Box<dyn Error>> {
        let model = Model::load_file(path)?;
        let layers = model.input_ids().len().saturating_sub(1 + 2 * usize::from(choice.is_some())) / 4;
        let each = |prefix: &str| -> Result<Vec<NodeId>, rten::RunError> {
            (0..2 * layers)
                .map(|at| model.node_id(&format!("{prefix}_{}{}", ["k", "v"][at % 2], at / 2)))
                .collect()
        };
        let past = each("past")?;
        let results: Result<Vec<NodeId>, _> = results.iter().map(|name| model.node_id(name)).collect();
        let shape = model.node_info(past[0]).and_then(|node| node.shape()).ok_or("no shape of the past")?;
        let [_, rten::Dimension::Fixed(heads), _, rten::Dimension::Fixed(width)] = shape.as_slice() else {
            return Err("the past has another shape".into());
        };
        Ok(Self {
            ids: model.node_id("ids")?,
            choice: match choice {
                Some([from, top]) => Some([model.node_id(from)?, model.node_id(top)?]),
                None => None,
            },
            sources: each("source")?,
            outputs: [results?, each("present")?].concat(),
            cache: [*heads, *width],
            past,
            model,
        })
    }

    fn none_yet(&self, rows: usize) -> Vec<Value> {
        let [heads, width] = self.cache;
        self.past.iter().map(|_| Tensor::<f32>::zeros(&[rows, heads, 0, width]).into()).collect()
    }

    /// Results of a step; `past` becomes what the next takes.
    fn step(
        &self,
        last: &[i32],
        choice: Option<(&[i32], i32)>,
        source: &[Value],
        past: &mut Vec<Value>,
    ) -> Result<Vec<Value>, Box<dyn Error>> {
        let mut inputs: Vec<(NodeId, ValueOrView)> =
            vec![(self.ids, Tensor::from_data(&[last.len(), 1], last.to_vec()).into())];
        if let (Some([from, top]), Some((rows, count))) = (self.choice, choice) {
            inputs.push((from, Tensor::from_data(&[rows.len()], rows.to_vec()).into()));
            inputs.push((top, Tensor::from_data(&[1], vec![count]).into()));
        }
        inputs.extend(self.sources.iter().zip(source).map(|(id, value)| (*id, value.into())));
        inputs.extend(self.past.iter().zip(past.drain(..)).map(|(id, value)| (*id, value.into())));
        let mut results = self.model.run(inputs, &self.outputs, None)?;
        *past = results.split_off(self.outputs.len() - self.past.len());
        Ok(results)
    }
}

impl Rten {
    /// Opens `graphs`; `folder` has the model's `config.json`.
    pub(crate) fn open(graphs: &Path, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let config: Json = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
        let token = |name: &str| -> Result<i32, Box<dyn Error>> {
            Ok(config[name].as_i64().ok_or("a token is missing in config.json")?.try_into()?)
        };
        Ok(Self {
            encoder: Model::load_file(graphs.join("encoder.onnx"))?,
            greedy: Decoder::open(&graphs.join("decoder.onnx"), &["logits"], None)?,
            beams: None,
            graphs: graphs.to_owned(),
            start: token("decoder_start_token_id")?,
            end: token("eos_token_id")?,
        })
    }

    fn encode(&self, ids: &[Vec<u32>]) -> Result<Vec<Value>, Box<dyn Error>> {
        let flat: Vec<i32> = ids.iter().flatten().map(|id| id.cast_signed()).collect();
        let ids = Tensor::from_data(&[ids.len(), ids[0].len()], flat);
        let input = self.encoder.node_id("ids")?;
        Ok(self.encoder.run(vec![(input, ids.into())], self.encoder.output_ids(), None)?)
    }

    fn greedy(&self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        let source = self.encode(&job.ids)?;
        let mut past = self.greedy.none_yet(job.ids.len());
        let mut last = vec![self.start; job.ids.len()];
        let mut written = vec![Vec::new(); job.ids.len()];
        for _ in 0..job.new {
            let results = self.greedy.step(&last, None, &source, &mut past)?;
            let logits: NdTensor<f32, 2> = results.into_iter().next().ok_or("no logits")?.try_into()?;
            for (row, (last, written)) in last.iter_mut().zip(&mut written).enumerate() {
                *last = self.best(logits.slice(row).data().ok_or("logits in pieces")?);
                written.push(last.cast_unsigned());
            }
        }
        Ok(written)
    }

    /// The token with the largest logit; the end is none.
    fn best(&self, logits: &[f32]) -> i32 {
        let tokens = (0..).zip(logits).filter(|(token, _)| *token != self.end);
        tokens.max_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(token, _)| token)
    }

    fn beam(&mut self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        if self.beams.is_none() {
            let path = self.graphs.join("beams.onnx");
            self.beams = Some(Decoder::open(&path, &["best", "tokens", "sum"], Some(["from", "top"]))?);
        }
        let decoder = self.beams.as_ref().ok_or("no graph for beams")?;
        let (source, rows) = (self.encode(&job.ids)?, job.ids.len() * job.beams);
        let mut past = decoder.none_yet(rows);
        // One more than are needed, since the end may be among them.
        let top = i32::try_from(job.beams + 1)?;
        let mut beams: Vec<Beam> = (0..rows)
            .map(|row| Beam {
                from: row,
                score: if row % job.beams == 0 { 0.0 } else { -1e9 },
                written: Vec::new(),
            })
            .collect();
        for _ in 0..job.new {
            let last: Vec<i32> =
                beams.iter().map(|beam| beam.written.last().copied().unwrap_or(self.start)).collect();
            let from: Result<Vec<i32>, _> = beams.iter().map(|beam| i32::try_from(beam.from)).collect();
            let results = decoder.step(&last, Some((&from?, top)), &source, &mut past)?;
            beams = self.advance(&beams, results, job.beams)?;
        }
        let first = beams.into_iter().step_by(job.beams);
        Ok(first.map(|beam| beam.written.into_iter().map(i32::cast_unsigned).collect()).collect())
    }

    /// The beams after a step, `count` for each input.
    fn advance(
        &self,
        beams: &[Beam],
        results: Vec<Value>,
        count: usize,
    ) -> Result<Vec<Beam>, Box<dyn Error>> {
        let [best, tokens, sum] = <[Value; 3]>::try_from(results).map_err(|_| "another number of results")?;
        let (best, tokens): (Tensor<f32>, Tensor<i32>) = (best.try_into()?, tokens.try_into()?);
        let sum: Tensor<f32> = sum.try_into()?;
        let (best, tokens, sum) = (best.to_vec(), tokens.to_vec(), sum.to_vec());
        let top = count + 1;
        let mut next = Vec::with_capacity(beams.len());
        for first in (0..beams.len()).step_by(count) {
            let mut found: Vec<(f32, usize, i32)> = (first * top..(first + count) * top)
                .filter(|&at| tokens[at] != self.end)
                .map(|at| (best[at] - sum[at / top] + beams[at / top].score, at / top, tokens[at]))
                .collect();
            found.sort_by(|one, other| other.0.total_cmp(&one.0));
            next.extend(found.into_iter().take(count).map(|(score, from, token)| {
                let written = [beams[from].written.as_slice(), &[token]].concat();
                Beam { from, score, written }
            }));
        }
        Ok(next)
    }
}

/// A text being written.
struct Beam {
    /// The row of the last step that it goes on from.
    from: usize,
    score: f32,
    written: Vec<i32>,
}

impl Side for Rten {
    fn run(&mut self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        if job.beams == 1 { self.greedy(job) } else { self.beam(job) }
    }
}
