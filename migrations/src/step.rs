use sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use crate::dialect;

/// One step of the schema: a name that sorts, and its SQL.
struct Step {
    name: &'static str,
    sql: &'static str,
}

/// Every step, oldest first. A released one is never changed: append.
const STEPS: &[Step] = &[
    Step { name: "m20261124_000001_leases", sql: include_str!("steps/000001_leases.sql") },
    Step { name: "m20261124_000002_brands", sql: include_str!("steps/000002_brands.sql") },
    Step { name: "m20261124_000003_accounts", sql: include_str!("steps/000003_accounts.sql") },
    Step { name: "m20261124_000004_subscribers", sql: include_str!("steps/000004_subscribers.sql") },
    Step { name: "m20261124_000005_consent", sql: include_str!("steps/000005_consent.sql") },
    Step { name: "m20261124_000006_outbox", sql: include_str!("steps/000006_outbox.sql") },
    Step { name: "m20261124_000007_limits", sql: include_str!("steps/000007_limits.sql") },
    Step { name: "m20261124_000008_activity", sql: include_str!("steps/000008_activity.sql") },
    Step { name: "m20261124_000009_campaigns", sql: include_str!("steps/000009_campaigns.sql") },
    Step { name: "m20261124_000010_returned_mail", sql: include_str!("steps/000010_returned_mail.sql") },
    Step { name: "m20261124_000011_domain_looks", sql: include_str!("steps/000011_domain_looks.sql") },
    Step { name: "m20261124_000012_kept_etags", sql: include_str!("steps/000012_kept_etags.sql") },
    Step { name: "m20261124_000013_opt_in_mails", sql: include_str!("steps/000013_opt_in_mails.sql") },
    Step { name: "m20261124_000014_budgets", sql: include_str!("steps/000014_budgets.sql") },
    Step { name: "m20261124_000015_rounds", sql: include_str!("steps/000015_rounds.sql") },
    Step { name: "m20261124_000016_offers", sql: include_str!("steps/000016_offers.sql") },
    Step { name: "m20261124_000017_lifted_pauses", sql: include_str!("steps/000017_lifted_pauses.sql") },
    Step { name: "m20261124_000018_old_reports", sql: include_str!("steps/000018_old_reports.sql") },
    Step { name: "m20261124_000019_provider_looks", sql: include_str!("steps/000019_provider_looks.sql") },
    Step { name: "m20261124_000020_provider_paces", sql: include_str!("steps/000020_provider_paces.sql") },
    Step { name: "m20261124_000021_round_times", sql: include_str!("steps/000021_round_times.sql") },
    Step { name: "m20261124_000022_pause_actors", sql: include_str!("steps/000022_pause_actors.sql") },
    Step { name: "m20261129_000023_alerts", sql: include_str!("steps/000023_alerts.sql") },
    Step { name: "m20261129_000024_shares", sql: include_str!("steps/000024_shares.sql") },
    Step { name: "m20261129_000025_unfit_deliveries", sql: include_str!("steps/000025_unfit_deliveries.sql") },
    Step { name: "m20261130_000026_warm_ups", sql: include_str!("steps/000026_warm_ups.sql") },
    Step { name: "m20261130_000027_relay_message_ids", sql: include_str!("steps/000027_relay_message_ids.sql") },
    Step { name: "m20261130_000028_engaged_first", sql: include_str!("steps/000028_engaged_first.sql") },
    Step { name: "m20261130_000029_returned_as", sql: include_str!("steps/000029_returned_as.sql") },
    Step { name: "m20261130_000030_changed_in_place", sql: include_str!("steps/000030_changed_in_place.sql") },
    Step { name: "m20261130_000031_further_attempts", sql: include_str!("steps/000031_further_attempts.sql") },
    Step { name: "m20261130_000032_decisions", sql: include_str!("steps/000032_decisions.sql") },
    Step { name: "m20261130_000033_refused_content", sql: include_str!("steps/000033_refused_content.sql") },
    Step { name: "m20261130_000034_content_read", sql: include_str!("steps/000034_content_read.sql") },
    Step { name: "m20261130_000035_webhook_tokens", sql: include_str!("steps/000035_webhook_tokens.sql") },
    Step { name: "m20261130_000036_tracking_consents", sql: include_str!("steps/000036_tracking_consents.sql") },
    Step { name: "m20261130_000037_hits", sql: include_str!("steps/000037_hits.sql") },
    Step { name: "m20261130_000038_looked_at", sql: include_str!("steps/000038_looked_at.sql") },
];

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in dialect::statements(self.sql, manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// What sea-orm runs.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        STEPS.iter().map(|step| Box::new(Step { ..*step }) as Box<dyn MigrationTrait>).collect()
    }
}

/// The names of the steps that this program knows.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::*;

    #[test]
    fn every_placeholder_is_a_type_that_is_known() {
        for step in STEPS {
            for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
                // A default of '{}' is an empty JSON object.
                for statement in dialect::statements(step.sql, backend) {
                    assert!(!statement.replace("'{}'", "").contains('{'), "{}", step.name);
                }
            }
        }
    }

    #[test]
    fn steps_are_in_the_order_of_their_names() {
        assert!(STEPS.is_sorted_by_key(|step| step.name));
    }
}
