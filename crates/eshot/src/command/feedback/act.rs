use accounts::audit;
use domain::{Actor, ReturnedMailId};
use feedback::{Filter, Release, Replayed, Standing};
use links::Links;

use crate::context::Context;
use crate::out::say;

/// How many mails are asked for at a time.
const PAGE: u64 = 200;

/// `eshot feedback release`.
pub(super) async fn release(id: ReturnedMailId, why: &str, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    let by = Release { why, actor: &Actor::Operator, may_lift: true };
    let mail = feedback::release(&db, id, by, now).await?;
    audit::record(db.writer(), &Actor::Operator, "feedback.release", &format!("feedback:{id}"), None, now).await?;
    say!("{}", super::line(&mail));
    Ok(true)
}

/// `eshot feedback acknowledge`.
pub(super) async fn acknowledge(id: ReturnedMailId, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    let txn = db.begin().await?;
    let mail = feedback::acknowledge(&txn, id, &Actor::Operator, now).await?;
    audit::record(&txn, &Actor::Operator, "feedback.acknowledge", &format!("feedback:{id}"), None, now).await?;
    txn.commit().await?;
    say!("{}", super::line(&mail));
    Ok(true)
}

/// `eshot feedback replay ID`.
pub(super) async fn replay(id: ReturnedMailId, context: &Context) -> anyhow::Result<bool> {
    let (db, links) = (context.database().await?, Links::new(&*context.keys()?));
    match feedback::replay(&db, &links, id, context.now()).await? {
        Replayed::Unchanged(why) => {
            say!("{id} changes nothing: {}", why.as_str());
            Ok(true)
        }
        Replayed::Changed { .. } => {
            note(id, &db, context).await?;
            Ok(true)
        }
    }
}

/// `eshot feedback replay --standing`.
pub(super) async fn replay_all(standing: Option<Standing>, context: &Context) -> anyhow::Result<bool> {
    let (db, links) = (context.database().await?, Links::new(&*context.keys()?));
    let (mut before, mut changed, mut all) = (None, 0_u64, 0_u64);
    loop {
        let filter = Filter { standing, ..Filter::default() };
        let page = feedback::list(db.reader(), filter, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for mail in &page {
            all += 1;
            if let Replayed::Changed { .. } = feedback::replay(&db, &links, mail.id, context.now()).await? {
                changed += 1;
                note(mail.id, &db, context).await?;
            }
        }
    }
    say!("{changed} of {all} mails are understood otherwise than before");
    Ok(true)
}

async fn note(id: ReturnedMailId, db: &database::Database, context: &Context) -> anyhow::Result<()> {
    let (actor, object) = (Actor::Operator, format!("feedback:{id}"));
    audit::record(db.writer(), &actor, "feedback.replay", &object, None, context.now()).await?;
    if let Some(mail) = feedback::find(db.reader(), id).await? {
        say!("{}", super::line(&mail));
    }
    Ok(())
}
