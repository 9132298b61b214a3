//! Section of the page with the network's table.

use maud::{Markup, html};

use crate::spec::{Size, report};
use crate::train::facts::Facts;

pub(super) fn of(facts: &Facts) -> Markup {
    let (spec, classes) = (facts.network.spec(), facts.network.num_classes());
    let image = Size::square(facts.config.eval_size);
    let rows = report::cells(spec, image, classes);
    let Some((heading, rows)) = rows.split_first() else { return html! {} };
    html! {
        div.scroll {
            table.numbers id="stages" {
                thead { tr { @for (column, cell) in heading.iter().enumerate() { th.name[report::is_words(column)] scope="col" { (cell) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (column, cell) in row.iter().enumerate() { td.name[report::is_words(column)] { (cell) } } }
                    }
                }
            }
        }
        p.note { (report::totals(spec, image, classes)) }
        p.note { (report::settings(spec).replace('`', "")) }
    }
}
