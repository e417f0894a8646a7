//! `voiceos keys`: API keys, straight in the store of the data directory; a running server knows them at once.

use clap::Subcommand;
use voiceos_api::KeyId;
use voiceos_store::Store;

use super::{Failure, Settings};
use crate::{app::now, config::Config, signer::random_text};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key and print it; it is shown this once
    Create {
        /// What it is for
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List the keys, without their secrets
    List,
    /// Make a key work no more
    Revoke {
        /// The key's id, as `voiceos keys list` shows it
        id: String,
    },
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.settings.sources())?.config;
    let store = Store::open(&config.data_dir).await?;
    let account = store.first_account(now()).await?;
    match args.verb {
        Verb::Create { name } => {
            let secret = format!("vos_{}", random_text(24));
            let key = store.create_key(&account, &name, &secret, now()).await?;
            println!("{secret}");
            eprintln!("made {}; the key is shown this once", key.id);
        }
        Verb::List => {
            for key in store.keys(&account).await? {
                let state = key
                    .revoked_at
                    .map(|at| format!("revoked {at}"))
                    .unwrap_or_default();
                println!("{}  {}  {}  {state}", key.id, key.created_at, key.name);
            }
        }
        Verb::Revoke { id } => {
            store
                .revoke_key(&account, &KeyId::from(id.as_str()), now())
                .await?;
            eprintln!("{id} works no more");
        }
    }
    store.close().await;
    Ok(())
}
