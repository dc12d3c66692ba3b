//! The renderer as others use it: from templates and people to whole messages.

#[cfg(test)]
mod compile;
#[cfg(test)]
mod counted;
#[cfg(test)]
mod footer;
#[cfg(test)]
mod mime;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod segments;
#[cfg(test)]
mod system;
#[cfg(test)]
mod values;
