//! A harness for integration tests: sites on a free port, and wires that break on command.

use std::{io, net::SocketAddr};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};

/// A listener on a free port of the loopback interface.
///
/// # Errors
///
/// When there is none.
pub async fn listener() -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}

/// A site that is served until it is dropped.
#[derive(Debug)]
pub struct Site {
    /// Where it listens.
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Site {
    /// The address of a path of the site.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves `router` on a free port.
///
/// # Errors
///
/// When there is no free port.
pub async fn serve_site(router: Router) -> io::Result<Site> {
    let listener = listener().await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
    Ok(Site { address, task })
}

/// What a [`Wire`] does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WireState {
    Whole,
    /// Bytes stay where they are; connections stay open.
    Stalled,
    /// Connections are closed, new ones too.
    Cut,
}

/// A TCP proxy between a client and a server that can be cut or stalled.
#[derive(Debug)]
pub struct Wire {
    /// Where clients connect.
    pub address: SocketAddr,
    state: watch::Sender<WireState>,
    task: AbortHandle,
}

impl Wire {
    /// A whole wire to `target`.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = listener().await?;
        let address = listener.local_addr()?;
        let (state, seen) = watch::channel(WireState::Whole);
        let task = tokio::spawn(accept(listener, target, seen)).abort_handle();
        Ok(Self { address, state, task })
    }

    /// Closes every connection, and new ones as soon as they come.
    pub fn cut(&self) {
        self.state.send_replace(WireState::Cut);
    }

    /// Lets nothing through, and keeps connections open: a hung peer.
    pub fn stall(&self) {
        self.state.send_replace(WireState::Stalled);
    }

    /// Makes it whole again.
    pub fn mend(&self) {
        self.state.send_replace(WireState::Whole);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, state: watch::Receiver<WireState>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let mut state = state.clone();
        connections.spawn(async move {
            let mut cut = state.clone();
            tokio::select! {
                _ = cut.wait_for(|state| *state == WireState::Cut) => {}
                _ = join(client, target, &mut state) => {}
            }
        });
    }
}

async fn join(
    client: TcpStream,
    target: SocketAddr,
    state: &mut watch::Receiver<WireState>,
) -> io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (mut up, mut down) = (state.clone(), state.clone());
    tokio::try_join!(carry(&client, &server, &mut up), carry(&server, &client, &mut down)).map(|_| ())
}

/// Carries bytes one way while the wire is whole.
async fn carry(from: &TcpStream, to: &TcpStream, state: &mut watch::Receiver<WireState>) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        from.readable().await?;
        let length = match from.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let whole = state.wait_for(|state| *state == WireState::Whole).await;
        whole.map_err(|_| io::ErrorKind::BrokenPipe)?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        while !rest.is_empty() {
            to.writable().await?;
            match to.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
