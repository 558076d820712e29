//! Name resolution that answers with checked addresses only, so that what is connected to is what was checked.

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;

/// More than any site has; an answer is cut there.
const MAX_ADDRESSES: usize = 64;

/// The operating system's resolver behind a [`Guard`].
pub(super) struct CheckedResolver {
    pub(super) guard: Arc<Guard>,
}

/// Why a name has no address that may be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("the name resolves to an address that is not public")]
    Private,
    #[error("the name has no address")]
    NoAddress,
    #[error("the name can't be resolved")]
    Lookup(#[source] io::Error),
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let answer = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(ResolveError::Lookup)?;
            let answer = answer.map(|address| address.ip()).take(MAX_ADDRESSES).collect();
            let addresses = checked(&guard, answer)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// All of an answer or nothing: one with both public and private addresses is an attempt to get past the check.
fn checked(guard: &Guard, answer: Vec<IpAddr>) -> Result<Vec<SocketAddr>, ResolveError> {
    if answer.is_empty() {
        return Err(ResolveError::NoAddress);
    }
    if !answer.iter().all(|ip| guard.permits_resolved(*ip)) {
        return Err(ResolveError::Private);
    }
    // Port 0 stands for the URL's own.
    Ok(answer.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect())
}

/// Whether an error comes from the refusal of a private address.
pub(super) fn is_private(error: &(dyn Error + 'static)) -> bool {
    matches!(refusal(error), Some(ResolveError::Private))
}

/// Whether the name was no use, so that the same request would fail the same way.
pub(super) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    refusal(error).is_some()
}

fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a ResolveError> {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn an_answer_with_one_private_address_is_refused_as_a_whole() {
        let guard = Guard::new(Vec::new(), vec![80]);
        for mixed in [["8.8.8.8", "10.0.0.1"], ["::1", "2606:4700::1"], ["1.1.1.1", "::ffff:127.0.0.1"]] {
            assert!(matches!(checked(&guard, ips(&mixed)), Err(ResolveError::Private)), "{mixed:?}");
        }
        assert_eq!(checked(&guard, ips(&["8.8.8.8", "2606:4700::1"])).unwrap().len(), 2);
        assert!(matches!(checked(&guard, Vec::new()), Err(ResolveError::NoAddress)));
    }

    #[tokio::test]
    async fn a_name_for_loopback_is_refused_unless_its_network_is_allowed() {
        let closed = CheckedResolver { guard: Arc::new(Guard::new(Vec::new(), vec![80])) };
        let Err(error) = closed.resolve("localhost".parse().unwrap()).await else { panic!("resolved") };
        assert!(is_private(error.as_ref()), "{error}");

        let allowed = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()).to_vec();
        let open = CheckedResolver { guard: Arc::new(Guard::new(allowed, vec![80])) };
        assert!(open.resolve("localhost".parse().unwrap()).await.unwrap().count() > 0);
    }
}
