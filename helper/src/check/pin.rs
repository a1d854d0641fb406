//! Disagreements between the files that pin something, as findings.

use crate::diagnostic::human::Sources;
use crate::diagnostic::{Finding, Group, Kind, Place, Related, Span};
use crate::pin::{self, Disagreement, PinKind};

/// A group for each disagreement: its edit mends it and nothing else.
#[must_use]
pub fn groups_of_pins(disagreements: Vec<Disagreement>) -> Vec<Group> {
    disagreements.into_iter().map(group).collect()
}

/// Reads the files that findings quote, as far as they can be read.
pub fn sources_of(groups: &[Group], sources: &mut Sources) {
    let findings = groups.iter().flat_map(|group| &group.findings);
    let places =
        findings.flat_map(|finding| finding.place.iter().chain(finding.related.iter().map(|other| &other.place)));
    for Place { file, .. } in places {
        if let (false, Ok(text)) = (sources.contains_key(file), std::fs::read_to_string(file)) {
            sources.insert(file.clone(), text);
        }
    }
}

fn group(disagreement: Disagreement) -> Group {
    let headline = disagreement.headline();
    let Disagreement { kind, ours, theirs, hint, .. } = disagreement;
    let kind = match kind {
        PinKind::Input => Kind::InputPinMismatch,
        PinKind::Override => Kind::OverridePinMismatch,
        PinKind::Environment => Kind::EnvironmentMismatch,
        PinKind::Image => Kind::ImageMismatch,
        PinKind::Unreadable => Kind::UnreadablePin,
    };
    let sides = [&ours, &theirs].into_iter().filter(|side| !side.is_empty());
    let message = sides.map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let related = theirs.place.as_ref().map(|other| Related { place: place(other), label: theirs.label.clone() });
    let finding = Finding {
        kind,
        place: ours.place.as_ref().map(place),
        label: ours.label,
        root: None,
        message,
        hint: Some(hint.clone()),
        related: related.into_iter().collect(),
    };
    Group { headline, findings: vec![finding], hint }
}

fn place(place: &pin::Place) -> Place {
    // The start of a file stands for the file as a whole.
    let span = (place.end_column > place.column).then_some(Span {
        line: place.line,
        column: place.column,
        end_column: place.end_column,
    });
    Place { file: place.file.clone(), span }
}
