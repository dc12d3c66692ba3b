use domain::{Actor, TopicId};
use renderer::Catalogue;
use serde::Serialize;
use subscribers::access::Visit;
use subscribers::form::Field as Asked;
use subscribers::opt_in::{self, Invitation};
use subscribers::opt_out::{self, Leave, What};
use subscribers::subscription::State;
use subscribers::topic::{self, Topic};
use subscribers::{Change, Profile, Source, Subscriber, consent, pause, tracking};

use crate::client::Client;
use crate::face::Face;
use crate::pages::Page;
use crate::public::Failure;
use crate::public::door::Door;
use crate::public::field::Field;
use crate::public::form::blank;
use crate::public::posted::Posted;
use crate::public::preferences::Notice;

/// The page that a mailed single-use link opens: a button, because opening uses the link up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Open {}

impl Page for Open {
    const TEMPLATE: &'static str = "access-open";

    fn title(&self, words: &Catalogue, face: &Face) -> String {
        words.text("page.access_open.title", &[("brand", &face.name)])
    }
}

/// Everything that the brand keeps about a person, and what they can do with it.
#[derive(Clone, Serialize)]
pub(crate) struct Access {
    pub(crate) notice: Option<Notice>,
    pub(crate) address: String,
    /// The next single-use link's token, for the buttons.
    pub(crate) pass: String,
    pub(crate) topics: Vec<Standing>,
    /// Until when the person pauses, if at all.
    pub(crate) paused: Option<String>,
    /// Whether the person agreed to be counted.
    pub(crate) tracking: bool,
    /// What they agree to if they do now.
    pub(crate) tracking_words: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) history: Vec<Event>,
}

/// A topic and how the person stands to it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) subscribed: bool,
}

/// One entry of the consent ledger.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) at: String,
    pub(crate) date: String,
    pub(crate) words: String,
}

impl Page for Access {
    const TEMPLATE: &'static str = "access";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.access.title", &[])
    }
}

pub(super) async fn page(door: &Door<'_>, visit: &Visit, notice: Option<Notice>) -> Result<Access, Failure> {
    let conn = door.state.db.reader();
    let person = find(door, visit).await?;
    let preferences = subscribers::preferences(conn, person.id, door.brand.id, door.state.now()).await?;
    let tracking = preferences.as_ref().is_some_and(|found| found.tracking_allowed);
    let (choices, paused) = preferences.map(|found| (found.choices, found.paused_until)).unwrap_or_default();
    let state_of = |topic: &Topic| choices.iter().find(|choice| choice.topic.id == topic.id).map(|choice| choice.state);
    let topics = topic::list(conn, door.brand.id).await?;
    let shown = topics.iter().filter(|topic| topic.archived_at.is_none() || state_of(topic).is_some());
    let ledger = consent::show(conn, &person.email).await?.unwrap_or_default();
    let site = campaigns::site(&door.brand)?;
    let next = door.state.links.access_url(&site, visit.next);
    Ok(Access {
        notice,
        address: person.email.to_string(),
        pass: next.path_segments().and_then(Iterator::last).unwrap_or_default().to_owned(),
        topics: shown.map(|topic| standing(door, topic, state_of(topic))).collect(),
        paused: paused.map(|until| door.date(until)),
        tracking,
        tracking_words: tracking_words(door),
        fields: Asked::ALL.into_iter().map(|field| known(door, field, &person)).collect(),
        history: ledger.iter().filter(|entry| entry.brand == door.brand.id).map(|entry| event(door, entry)).collect(),
    })
}

/// Puts what the person wrote on file. The address stays: another one would have to be proved first.
pub(super) async fn change(door: &Door<'_>, visit: &Visit, posted: &Posted) -> Result<Notice, Failure> {
    let person = find(door, visit).await?;
    let told = |field: Asked| Some(posted.one(field.as_str()).to_owned()).filter(|value| !value.is_empty());
    let profile = Profile {
        name: told(Asked::Name),
        company: told(Asked::Company),
        phone: told(Asked::Phone),
        postal_address: told(Asked::PostalAddress),
        attributes: person.profile.attributes,
    };
    let change = Change { profile: Some(profile), ..Change::default() };
    let (state, actor) = (door.state, Actor::Subscriber(person.id));
    match subscribers::update(&state.db, &state.keys, person.id, person.version, change, &actor, state.now()).await {
        Ok(_) => Ok(Notice::plain(door.text("page.access.saved", &[]))),
        Err(subscribers::Error::Invalid { .. }) => Ok(Notice::plain(door.text("page.form.error.field", &[]))),
        Err(error) => Err(error.into()),
    }
}

/// Asks for a topic as a form would: coming back always begins with a new request, which the mailbox confirms.
pub(super) async fn join(door: &Door<'_>, visit: &Visit, id: &str) -> Result<Notice, Failure> {
    let (person, topic) = (find(door, visit).await?, find_topic(door, id).await?);
    let actor = Actor::Subscriber(person.id);
    let invitation = Invitation {
        brand: door.brand.id,
        email: person.email,
        profile: Profile::default(),
        topics: vec![topic.id],
        locale: door.words.locale(),
        stated: "asked for on the person's own data page".to_owned(),
    };
    let state = door.state;
    match opt_in::invite(&state.db, &state.keys, invitation, &actor, state.now()).await {
        Ok(()) => Ok(Notice::plain(door.text("page.access.joined", &[("topic", &topic.name)]))),
        Err(opt_in::RequestError::Other(error)) => Err(error.into()),
        Err(_) => Err(Failure::Form),
    }
}

pub(super) async fn leave(door: &Door<'_>, visit: &Visit, id: &str, client: &Client) -> Result<Notice, Failure> {
    let topic = find_topic(door, id).await?;
    let leave = Leave {
        subscriber: visit.subscriber,
        what: What::Topic(topic.id),
        source: Source::Page,
        actor: Actor::Subscriber(visit.subscriber),
        evidence: client.evidence(),
    };
    opt_out::leave(&door.state.db, &leave, door.state.now()).await?;
    Ok(Notice::plain(door.text("page.preferences.left", &[("topic", &topic.name)])))
}

/// Ends a pause, which brings mail again: so it needs the mailbox, not a footer's link.
pub(super) async fn resume(door: &Door<'_>, visit: &Visit) -> Result<Notice, Failure> {
    let actor = Actor::Subscriber(visit.subscriber);
    pause::end(&door.state.db, visit.subscriber, door.brand.id, &actor, door.state.now()).await?;
    Ok(Notice::plain(door.text("page.access.resumed", &[])))
}

/// Lets the brand count the person, by the words that stood above the button.
pub(super) async fn allow_tracking(door: &Door<'_>, visit: &Visit, client: &Client) -> Result<Notice, Failure> {
    let (state, words) = (door.state, tracking_words(door));
    tracking::allow(&state.db, visit.subscriber, door.brand.id, &words, &client.evidence(), state.now()).await?;
    Ok(Notice::plain(door.text("page.access.tracking_allowed", &[])))
}

fn tracking_words(door: &Door<'_>) -> String {
    door.text("page.access.tracking_words", &[("brand", &door.brand.name)])
}

async fn find(door: &Door<'_>, visit: &Visit) -> Result<Subscriber, Failure> {
    subscribers::find(door.state.db.reader(), visit.subscriber).await?.ok_or(Failure::None)
}

async fn find_topic(door: &Door<'_>, id: &str) -> Result<Topic, Failure> {
    let id: TopicId = id.parse().map_err(|_| Failure::Form)?;
    let found = topic::find(door.state.db.reader(), id).await?;
    found.filter(|topic| topic.brand == door.brand.id).ok_or(Failure::Form)
}

fn standing(door: &Door<'_>, topic: &Topic, state: Option<State>) -> Standing {
    let key = match state {
        Some(State::Pending) => "page.access.state.pending",
        Some(State::Confirmed) => "page.access.state.confirmed",
        Some(State::Unsubscribed) => "page.access.state.unsubscribed",
        Some(State::Expired) => "page.access.state.expired",
        None => "page.access.state.never",
    };
    Standing {
        value: topic.id.to_string(),
        name: topic.name.clone(),
        state: door.text(key, &[]),
        subscribed: matches!(state, Some(State::Confirmed | State::Pending)),
    }
}

fn known(door: &Door<'_>, field: Asked, person: &Subscriber) -> Field {
    Field {
        label: door.text(&format!("page.form.field.{field}"), &[]),
        value: field.of(&person.profile).unwrap_or_default().to_owned(),
        ..blank(field)
    }
}

fn event(door: &Door<'_>, entry: &consent::Shown) -> Event {
    let topic = entry.topic.as_ref().map_or(door.brand.name.as_str(), |topic| &topic.name);
    Event {
        at: entry.at.to_rfc3339(),
        date: door.date(entry.at),
        words: door.text(&format!("page.access.act.{}", entry.act), &[("topic", topic)]),
    }
}
