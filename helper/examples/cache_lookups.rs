//! `cache_lookups grpc://HOST:PORT AT-ONCE SECONDS`: how many look-ups of action results a server answers in a second, for
//! `cargo xtask bench scale`.
//!
//! It stores one action result with one output, and asks for it over one connection, so many questions at a time.

use std::error::Error;
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::action_cache_client::ActionCacheClient;
use reapi::content_addressable_storage_client::ContentAddressableStorageClient;
use sha2::{Digest as _, Sha256};
use tonic::Status;
use tonic::transport::Channel;

const SHA256: i32 = reapi::digest_function::Value::Sha256 as i32;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, at_once, seconds] = arguments.as_slice() else {
        return Err("usage: grpc://HOST:PORT AT-ONCE SECONDS".into());
    };
    let (at_once, time) = (at_once.parse()?, Duration::from_secs(seconds.parse()?));
    let address = address.replacen("grpc://", "http://", 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (answers, time) = runtime.block_on(measure(address, at_once, time))?;
    let rate = answers as f64 / time.as_secs_f64();
    println!("look-ups: {rate:.0} a second over one connection, {at_once} at once, each a hit");
    Ok(())
}

/// The answers within `time`, and how long it really was.
async fn measure(address: String, at_once: usize, time: Duration) -> Result<(u64, Duration), Box<dyn Error>> {
    let channel = Channel::from_shared(address)?.connect().await?;
    let action = store(&channel).await?;
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (channel, action) = (channel.clone(), action.clone());
        tasks.spawn(async move {
            let mut client = ActionCacheClient::new(channel);
            let mut answers = 0;
            while start.elapsed() < time {
                let request = reapi::GetActionResultRequest {
                    action_digest: Some(action.clone()),
                    digest_function: SHA256,
                    ..Default::default()
                };
                client.get_action_result(request).await?;
                answers += 1;
            }
            Ok::<u64, Status>(answers)
        });
    }
    let mut answers = 0;
    while let Some(task) = tasks.join_next().await {
        answers += task??;
    }
    Ok((answers, start.elapsed()))
}

/// Stores a result with one output; returns the digest of its action, which is no real one.
async fn store(channel: &Channel) -> Result<reapi::Digest, Status> {
    let data = b"cache_lookups".to_vec();
    let output = digest(&data);
    let blob = reapi::batch_update_blobs_request::Request { digest: Some(output.clone()), data, ..Default::default() };
    let request =
        reapi::BatchUpdateBlobsRequest { requests: vec![blob], digest_function: SHA256, ..Default::default() };
    ContentAddressableStorageClient::new(channel.clone()).batch_update_blobs(request).await?;
    let action = digest(b"an action of cache_lookups");
    let file = reapi::OutputFile { path: "output".to_owned(), digest: Some(output), ..Default::default() };
    let request = reapi::UpdateActionResultRequest {
        action_digest: Some(action.clone()),
        action_result: Some(reapi::ActionResult { output_files: vec![file], ..Default::default() }),
        digest_function: SHA256,
        ..Default::default()
    };
    ActionCacheClient::new(channel.clone()).update_action_result(request).await?;
    Ok(action)
}

fn digest(data: &[u8]) -> reapi::Digest {
    reapi::Digest { hash: format!("{:x}", Sha256::digest(data)), size_bytes: i64::try_from(data.len()).unwrap_or(0) }
}
