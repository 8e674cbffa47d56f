//! References between exports: what one export names has to be in another's key.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::checks::Action;
use crate::key::key_positions;
use crate::{
    Error, ErrorKind, Export, ExportRequest, ExportSource, ExportSpec, Journal, Result, RowKey, Stage, Table,
};

/// How many values are named before they are only counted.
const NAMED: usize = 3;

/// A column whose values have to be keys of another export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The export with the column.
    pub export: String,
    /// The column.
    pub column: String,
    /// The export whose key it names. It has to come before, in the same run.
    #[serde(rename = "in")]
    pub target: String,
    /// What is done about values that are not there.
    #[serde(default)]
    pub action: Action,
}

/// What the exports of one run know of each other.
pub struct References {
    all: Vec<Reference>,
    /// The keys that came in this run, by export.
    seen: Mutex<HashMap<String, HashSet<RowKey>>>,
    journal: Option<Arc<dyn Journal>>,
}

impl References {
    /// For one run; the journal knows the keys of earlier ones.
    pub fn new(all: Vec<Reference>, journal: Option<Arc<dyn Journal>>) -> Self {
        Self { all, seen: Mutex::default(), journal }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, HashSet<RowKey>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what a table refers to; returns what is to be told.
    async fn look(&self, spec: &ExportSpec, table: &Table) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let ours = |reference: &&Reference| reference.export == spec.name && reference.action != Action::Off;
        for reference in self.all.iter().filter(ours) {
            let Some(finding) = self.finding(reference, table).await? else { continue };
            if reference.action == Action::Stop {
                return Err(Error::new(ErrorKind::Contradiction, finding)
                    .hint("nothing was written; look at both exports in the panel")
                    .hint("if it is right as it is, set `action = \"warn\"` for this reference"));
            }
            notes.push(finding);
        }
        Ok(notes)
    }

    async fn finding(&self, reference: &Reference, table: &Table) -> Result<Option<String>> {
        let Reference { column, target, .. } = reference;
        // Where the other export was not fetched, nothing is known about it.
        let Some(known) = self.seen().get(target).cloned() else { return Ok(None) };
        let Some(at) = table.position(column) else {
            return Ok(Some(format!("the file has no column `{column}`, which refers to `{target}`")));
        };
        let values: BTreeSet<RowKey> =
            table.column_values(at).filter_map(|value| RowKey::of([value])).collect();
        let unknown: Vec<RowKey> = values.iter().filter(|value| !known.contains(*value)).cloned().collect();
        let written = self.written(target, &unknown).await?;
        let missing: Vec<&RowKey> = unknown.iter().filter(|value| !written.contains(*value)).collect();
        let named: Vec<String> = missing.iter().take(NAMED).map(|value| format!("`{value}`")).collect();
        Ok((!missing.is_empty()).then(|| {
            let (some, all) = (missing.len(), values.len());
            format!(
                "{some} of {all} values of `{column}` are not in `{target}`, for instance {}",
                named.join(", ")
            )
        }))
    }

    /// Which of these keys earlier runs brought.
    async fn written(&self, export: &str, keys: &[RowKey]) -> Result<HashSet<RowKey>> {
        match &self.journal {
            Some(journal) if !keys.is_empty() => journal.written(export, keys).await,
            _ => Ok(HashSet::new()),
        }
    }

    /// Takes down the keys of a table that something refers to.
    fn note(&self, spec: &ExportSpec, table: &Table) -> Result<()> {
        if self.all.iter().any(|reference| reference.target == spec.name) {
            let positions = key_positions(table, &spec.key)?;
            let keys = table.rows().filter_map(|row| RowKey::of(positions.iter().map(|at| &row[*at])));
            self.seen().insert(spec.name.clone(), keys.collect());
        }
        Ok(())
    }
}

/// Looks at what each table of the inner source refers to.
pub struct Referred {
    inner: Arc<dyn ExportSource>,
    references: Arc<References>,
}

impl Referred {
    /// Checks the tables of `inner`; all exports of a run share the references.
    pub fn new(inner: Arc<dyn ExportSource>, references: Arc<References>) -> Self {
        Self { inner, references }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ExportSource for Referred {
    fn spec(&self) -> &ExportSpec {
        self.inner.spec()
    }

    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export> {
        let mut export = self.inner.export(request).await?;
        let found = self.references.look(self.spec(), &export.table).await;
        export.notes.extend(found.map_err(|error| error.at(Stage::Check))?);
        self.references.note(self.spec(), &export.table)?;
        Ok(export)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Driver, Origin, Window};

    struct Rows(ExportSpec, Vec<&'static str>);

    #[async_trait]
    impl ExportSource for Rows {
        fn spec(&self) -> &ExportSpec {
            &self.0
        }

        async fn check(&self) -> Result<()> {
            Ok(())
        }

        async fn export(&self, _: &ExportRequest) -> Result<Export> {
            let mut table = Table::with_names(["ID"]);
            for id in &self.1 {
                table.push([(*id).into()], Origin::default());
            }
            Ok(Export { artifact: None, table, driver: Driver::Http, notes: Vec::new() })
        }
    }

    async fn notes(references: &Arc<References>, name: &str, ids: &[&'static str]) -> Result<Vec<String>> {
        let spec = ExportSpec { key: vec!["ID".into()], ..ExportSpec::new(name) };
        let source = Referred::new(Arc::new(Rows(spec, ids.to_vec())), references.clone());
        let window = Window::day("2026-01-05".parse().unwrap());
        Ok(source.export(&ExportRequest { window, run: "r".into(), attempt: 1 }).await?.notes)
    }

    fn references(action: Action) -> Arc<References> {
        let reference = |column: &str| Reference {
            export: "orders".into(),
            column: column.into(),
            target: "users".into(),
            action,
        };
        Arc::new(References::new(vec![reference("ID")], None))
    }

    #[tokio::test]
    async fn values_that_the_other_export_has_not_are_told_or_stop() {
        let warn = references(Action::Warn);
        assert!(notes(&warn, "orders", &["x"]).await.unwrap().is_empty(), "nothing is known of users");
        assert!(notes(&warn, "users", &["1", "2"]).await.unwrap().is_empty());
        assert!(notes(&warn, "orders", &["1", "2", " 1 ", ""]).await.unwrap().is_empty());
        assert_eq!(
            notes(&warn, "orders", &["1", "7", "8", "7"]).await.unwrap(),
            ["2 of 3 values of `ID` are not in `users`, for instance `7`, `8`"]
        );
        let stop = references(Action::Stop);
        notes(&stop, "users", &["1"]).await.unwrap();
        let error = notes(&stop, "orders", &["9"]).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Contradiction, Some(Stage::Check)));
    }
}
