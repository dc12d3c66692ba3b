use migrations::Standing;

use crate::context::Context;
use crate::out::say;

/// `eshot migrate`.
pub(super) async fn run(context: &Context) -> anyhow::Result<bool> {
    let db = context.open().await?;
    let before = migrations::check(&db).await?;
    migrations::run(&db).await?;
    match before {
        Standing::Current => say!("the schema is up to date"),
        Standing::Empty => say!("the schema was laid"),
        Standing::Behind(steps) => say!("the schema was taken {steps} step(s) on"),
        // `run` has refused it.
        Standing::Newer(_) => return Ok(false),
    }
    Ok(true)
}
