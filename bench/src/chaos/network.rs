//! A bridge, and namespaces that hang on it.

use std::net::{IpAddr, Ipv4Addr};

use tokio::process::Command;

use crate::BenchError;

const BRIDGE: &str = "ngchaos";

/// The bridge; it goes away with this value, and the namespaces with it.
#[derive(Debug)]
pub(super) struct Network {
    namespaces: Vec<String>,
}

impl Network {
    /// A bridge on which this process has the first address.
    pub(super) async fn create() -> Result<Self, BenchError> {
        let network = Self { namespaces: Vec::new() };
        // What an earlier run may have left.
        let _ = ip(&["link", "delete", BRIDGE]).await;
        ip(&["link", "add", BRIDGE, "type", "bridge"]).await?;
        ip(&["address", "add", &format!("{}/24", address(1)), "dev", BRIDGE]).await?;
        ip(&["link", "set", BRIDGE, "up"]).await?;
        Ok(network)
    }

    /// A namespace with an address of its own. Numbers go from 1.
    pub(super) async fn namespace(&mut self, number: usize) -> Result<(), BenchError> {
        let (name, outside, inside) = (namespace(number), wire(number), format!("{BRIDGE}i{number}"));
        let _ = ip(&["netns", "delete", &name]).await;
        ip(&["netns", "add", &name]).await?;
        self.namespaces.push(name.clone());
        ip(&["link", "add", &outside, "type", "veth", "peer", "name", &inside, "netns", &name]).await?;
        ip(&["link", "set", &outside, "master", BRIDGE, "up"]).await?;
        let at = format!("{}/24", replica_address(number));
        ip(&["-netns", &name, "address", "add", &at, "dev", &inside]).await?;
        ip(&["-netns", &name, "link", "set", &inside, "up"]).await?;
        ip(&["-netns", &name, "link", "set", "lo", "up"]).await
    }

    /// Takes a namespace's wire off the bridge: what is sent into it arrives nowhere, and nobody says so.
    pub(super) async fn cut(&self, number: usize) -> Result<(), BenchError> {
        ip(&["link", "set", &wire(number), "nomaster"]).await
    }

    pub(super) async fn mend(&self, number: usize) -> Result<(), BenchError> {
        ip(&["link", "set", &wire(number), "master", BRIDGE]).await
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in &self.namespaces {
            let _ = std::process::Command::new("ip").args(["netns", "delete", name]).status();
        }
        let _ = std::process::Command::new("ip").args(["link", "delete", BRIDGE]).status();
    }
}

/// The name of a replica's namespace.
pub(super) fn namespace(number: usize) -> String {
    format!("{BRIDGE}{number}")
}

pub(super) fn replica_address(number: usize) -> IpAddr {
    address(10 + number)
}

fn address(host: usize) -> IpAddr {
    // A network for benchmarks (RFC 2544).
    Ipv4Addr::new(198, 18, 77, u8::try_from(host).unwrap_or(u8::MAX)).into()
}

fn wire(number: usize) -> String {
    format!("{BRIDGE}o{number}")
}

async fn ip(arguments: &[&str]) -> Result<(), BenchError> {
    let output = Command::new("ip").args(arguments).output().await?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(BenchError::Unexpected(format!("ip {}: {} (root is needed)", arguments.join(" "), error.trim())))
}
