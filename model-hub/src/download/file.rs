//! One file, from the hub into the cache.

use std::{fs, sync::Arc};

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::{Download, partial::Partial};
use crate::{
    cache::{FileLock, link},
    error::HubError,
    progress::{FileMeter, Phase},
    size::Size,
    wire::{Body, Patience, Remote, Subject},
};

/// Bytes that are gathered before they are written.
const PIECE: usize = 64 * 1024;
/// Bytes that make an attempt worth starting the count of attempts anew.
const WORTHWHILE: u64 = 1 << 20;

impl Download<'_> {
    /// Puts a file into the snapshot: fetches its blob where that is not there.
    pub(super) async fn fetch_file(&self, file: &Remote) -> Result<(), HubError> {
        let (blob, incomplete) = (self.cache.blob(&file.etag), self.cache.incomplete(&file.etag));
        let patience = self.wire.limits().lock;
        let lock = self.cache.lock(file.etag.as_str());
        let waiting = || self.meter.phase(Phase::Waiting);
        let lock = Arc::new(FileLock::acquire(&lock, &incomplete, patience, waiting).await?);
        let mut counted = FileMeter::new(self.meter);
        if fs::metadata(&blob).is_ok_and(|found| found.is_file() && found.len() == file.size) {
            counted.stands_at(file.size);
        } else {
            let mut partial = Partial::open(incomplete, Arc::clone(&lock))?;
            match self.fill(&mut partial, file, &mut counted).await {
                Ok(()) => partial.finish(blob.clone()).await?,
                Err(error @ (HubError::Checksum { .. } | HubError::TooLarge { .. })) => {
                    partial.discard()?;
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        link(&blob, &file.name.within(&self.cache.snapshot(self.commit)))?;
        self.meter.file_done();
        Ok(())
    }

    /// Makes the partial file whole and right, in as many attempts as it is worth.
    async fn fill(
        &self,
        partial: &mut Partial,
        file: &Remote,
        counted: &mut FileMeter<'_>,
    ) -> Result<(), HubError> {
        let mut patience = Patience::new(self.wire.limits());
        let (mut furthest, mut damaged) = (partial.len(), false);
        loop {
            if let Err(error) = self.attempt(partial, file, counted).await {
                // Only what no attempt had before: one that starts over again and again gets nowhere.
                if partial.len() >= furthest + WORTHWHILE {
                    furthest = partial.len();
                    patience.renew();
                }
                patience.bear(error).await?;
                continue;
            }
            if self.meter.now().bytes_done >= self.meter.now().bytes_total {
                self.meter.phase(Phase::Verifying);
            }
            match partial.verify(&file.name, &file.etag).await? {
                Ok(()) => return Ok(()),
                Err(actual) if damaged => {
                    let expected = file.etag.to_string();
                    return Err(HubError::Checksum { file: file.name.clone(), expected, actual });
                }
                // What an earlier attempt left may have been of something else.
                Err(actual) => {
                    tracing::warn!(file = %file.name, %actual, expected = %file.etag, "arrived damaged; once more");
                    damaged = true;
                    partial.restart().await?;
                    counted.stands_at(0);
                }
            }
        }
    }

    /// Asks for what is missing, once, and writes what comes.
    async fn attempt(
        &self,
        partial: &mut Partial,
        file: &Remote,
        counted: &mut FileMeter<'_>,
    ) -> Result<(), HubError> {
        if partial.len() > file.size {
            partial.restart().await?;
        }
        counted.stands_at(partial.len());
        if partial.len() == file.size {
            return Ok(());
        }
        let subject = Subject { repo: self.repo, revision: self.commit, file: Some(&file.name) };
        let response = match self.wire.body(&subject, file, partial.len()).await? {
            Body::Rest(response) => response,
            Body::Whole(response) => {
                partial.restart().await?;
                response
            }
            Body::Nothing => {
                partial.restart().await?;
                return Err(self.broke_off("the storage has less of the file than is here"));
            }
        };
        counted.stands_at(partial.len());
        self.receive(response, partial, file, counted).await
    }

    async fn receive(
        &self,
        mut response: Response,
        partial: &mut Partial,
        file: &Remote,
        counted: &mut FileMeter<'_>,
    ) -> Result<(), HubError> {
        let mut gathered = BytesMut::new();
        let missing = file.size - partial.len();
        let mut received = 0;
        let ended = loop {
            let chunk: Bytes = match self.wire.chunk(&mut response).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            received += chunk.len() as u64;
            if received > missing {
                return Err(HubError::TooLarge { what: file.name.to_string(), limit: Size(file.size) });
            }
            counted.arrived(chunk.len() as u64);
            gathered.extend_from_slice(&chunk);
            if gathered.len() >= PIECE {
                partial.append(gathered.split().freeze()).await?;
            }
        };
        // What came before the connection broke is kept.
        partial.append(gathered.freeze()).await?;
        ended?;
        if received < missing { Err(self.broke_off("the body ended early")) } else { Ok(()) }
    }

    fn broke_off(&self, cause: &str) -> HubError {
        HubError::Unreachable { hub: self.wire.hub(), cause: cause.to_owned() }
    }
}
