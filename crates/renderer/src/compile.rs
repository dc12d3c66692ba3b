use serde::{Deserialize, Serialize};

use crate::{Look, Merge, RenderError, Rendered, Source, TemplateError};

/// A template that has been proved to render: what a campaign freezes when it is scheduled.
///
/// It serialises to JSON and needs nothing else to render, so a campaign's mails stay the same when its brand, the
/// starters or eshot itself change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compiled {}

/// Compiles a template against a brand's look; whatever could go wrong for a recipient goes wrong here.
pub fn compile(source: &Source, look: &Look) -> Result<Compiled, TemplateError> {
    let _ = (source, look);
    todo!()
}

impl Compiled {
    /// The mail for one person.
    pub fn render(&self, merge: &Merge) -> Result<Rendered, RenderError> {
        let _ = merge;
        todo!()
    }

    /// The mail as everybody may see it: no personal value, no personal link, every fallback taken.
    pub fn render_public(&self) -> Result<Rendered, RenderError> {
        todo!()
    }
}
