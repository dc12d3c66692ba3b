use serde::Serialize;

/// A field of a form as its template shows it.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) label: String,
    /// The `type` of the input.
    pub(crate) kind: &'static str,
    /// What the browser may fill in by itself (WCAG 2.2 §1.3.5).
    pub(crate) autocomplete: &'static str,
    pub(crate) required: bool,
    pub(crate) multiline: bool,
    /// Two such fields share a line where there is room.
    pub(crate) half: bool,
    /// In characters.
    pub(crate) longest: usize,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

/// A topic as templates show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Topic {
    pub(crate) id: String,
    /// What the form sends back.
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) chosen: bool,
}

impl From<&subscribers::topic::Topic> for Topic {
    fn from(topic: &subscribers::topic::Topic) -> Self {
        Self {
            id: format!("topic-{}", topic.slug),
            value: topic.id.to_string(),
            name: topic.name.clone(),
            description: topic.description.clone(),
            chosen: false,
        }
    }
}
