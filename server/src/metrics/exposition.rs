//! The text format of Prometheus: families with their help and type, samples with escaped labels.

use std::fmt::Write as _;

/// What a family counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Only grows.
    Counter,
    /// As of now.
    Gauge,
}

/// An answer that is being written.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family; its samples follow at once.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes one value.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.text.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            self.text.push(if place == 0 { '{' } else { ',' });
            self.text.push_str(label);
            self.text.push_str("=\"");
            for character in value.chars() {
                match character {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    other => self.text.push(other),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// The whole answer.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A count as the format's only number. Above 2^53 the last digits are lost, which no board can show.
pub(super) fn float(count: impl TryInto<i64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the format has floats only")]
    let float = count.try_into().unwrap_or(i64::MAX) as f64;
    float
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut text = Exposition::default();
        text.family("up", Kind::Gauge, "Whether it is up.");
        text.sample("up", &[("name", "a \"b\"\\\nc"), ("kind", "http")], 1.0);
        text.sample("up", &[], 0.25);
        let expected = "# HELP up Whether it is up.\n# TYPE up gauge\n\
                        up{name=\"a \\\"b\\\"\\\\\\nc\",kind=\"http\"} 1\nup 0.25\n";
        assert_eq!(text.finish(), expected);
    }
}
