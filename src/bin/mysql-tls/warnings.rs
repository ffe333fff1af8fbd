//! Shows the library's warnings to people: one line on stderr, without a time or a module's name.
//! A shim's connections too, one line each at its end.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::output;

/// Where the library tells of an endpoint's connections.
const CONNECTIONS: &str = "mysql_tls::endpoint";

/// From now on shows warnings and, if asked to, the connections of an endpoint.
pub(crate) fn show(connections: bool) {
    // It fails only where there is a subscriber already, and this program sets no other.
    let _ = tracing::subscriber::set_global_default(Warnings { connections });
}

struct Warnings {
    connections: bool,
}

impl Warnings {
    fn level(&self) -> LevelFilter {
        if self.connections { LevelFilter::INFO } else { LevelFilter::WARN }
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let warning = *metadata.level() <= Level::WARN;
        let connection = metadata.target().starts_with(CONNECTIONS);
        metadata.is_event() && (warning || connection && *metadata.level() <= self.level())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level())
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        if *event.metadata().level() <= Level::WARN {
            output::warn(line.as_sentence());
        } else {
            output::tell(line.as_log());
        }
    }

    // No span is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event's message and its other fields.
#[derive(Default)]
struct Line {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Line {
    /// For people: each field as ` (name: value)`.
    fn as_sentence(&self) -> String {
        let fields = self.fields.iter().map(|(name, value)| format!(" ({name}: {value})"));
        [self.message.clone()].into_iter().chain(fields).collect()
    }

    /// For programs that read logs: each field as ` name=value`.
    fn as_log(&self) -> String {
        let fields = self.fields.iter().map(|(name, value)| format!(" {name}={value}"));
        [self.message.clone(), ";".to_owned()].into_iter().chain(fields).collect()
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push((name, format!("{value:?}"))),
        }
    }
}
