//! The server's life: bind, open the store, put things in order, answer, and end cleanly.

use std::{future::Future, net::SocketAddr};

use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use voiceos_providers::Engines;
use voiceos_store::{Store, StoreError};

use crate::{
    app::{App, Shared},
    call::{recover, warm},
    calls::PendingCalls,
    config::Config,
    first_start::{self, Furnished},
    live::LiveCalls,
    rates::Rates,
    routes,
    signer::Signer,
};

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{}", cannot_listen(*.address, .cause))]
    Listen {
        address: SocketAddr,
        #[source]
        cause: std::io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the server stopped accepting connections")]
    Broken(#[source] std::io::Error),
}

fn cannot_listen(address: SocketAddr, cause: &std::io::Error) -> String {
    let port = address.port();
    let other = SocketAddr::new(address.ip(), port.checked_add(1).unwrap_or(8080));
    match cause.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "port {port} is in use by another program: stop it, or choose another port with VOICEOS_LISTEN={other}"
        ),
        std::io::ErrorKind::PermissionDenied => {
            format!(
                "this user may not listen on port {port}: choose one above 1023, such as VOICEOS_LISTEN={}:8080",
                address.ip()
            )
        }
        _ => format!(
            "cannot listen on {address} ({cause}): choose another address with VOICEOS_LISTEN"
        ),
    }
}

/// What is known once the server answers.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where it really listens.
    pub address: SocketAddr,
    pub furnished: Furnished,
}

/// Serves until `shutdown` is over; `ready` is told as soon as requests are answered.
pub async fn serve(
    config: Config,
    engines: Engines,
    ready: oneshot::Sender<Ready>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let listen = |cause| ServeError::Listen {
        address: config.listen,
        cause,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let store = Store::open(&config.data_dir).await?;
    let _hold = store.hold()?;
    recover(&store, &config.places()).await?;
    let furnished = first_start::furnish(&config, &store).await?;

    let stopping = CancellationToken::new();
    let app = App::new(Shared {
        calls: PendingCalls::new(config.limits.conversations),
        live: LiveCalls::default(),
        rates: Rates::new(config.limits.requests_per_minute),
        signer: Signer::default(),
        first_account: furnished.account.clone(),
        address,
        tasks: TaskTracker::new(),
        stopping: stopping.clone(),
        config,
        store,
        engines,
    });
    warm::newest_agents(&app);
    // Nobody has to be told.
    drop(ready.send(Ready { address, furnished }));
    let stop = stopping.clone();
    let answering =
        axum::serve(listener, routes::routes(app.clone())).with_graceful_shutdown(async move {
            shutdown.await;
            stop.cancel();
        });
    tokio::select! {
        done = answering.into_future() => done.map_err(ServeError::Broken)?,
        () = given_up(&stopping, &app) => warn!("some requests were cut off"),
    }
    farewell(&app).await;
    Ok(())
}

/// Requests that hang must not keep the server from ending.
async fn given_up(stopping: &CancellationToken, app: &App) {
    stopping.cancelled().await;
    tokio::time::sleep(app.config.limits.farewell).await;
}

/// Lets live calls end, and closes the store behind them.
async fn farewell(app: &App) {
    app.stopping.cancel();
    app.tasks.close();
    let live = app.tasks.len();
    if live > 0 {
        info!(live, "waiting for calls to end");
    }
    if timeout(app.config.limits.farewell, app.tasks.wait())
        .await
        .is_err()
    {
        warn!(
            live = app.tasks.len(),
            "calls were cut off; the next start ends them in the store"
        );
    }
    app.store.clone().close().await;
    info!("stopped");
}
