//! Replicas that follow in quiet weather.

use super::compare::assert_same;
use super::workload::Workload;
use super::{busy, let_time_pass};

#[test]
fn a_replica_follows() {
    let primary = busy().start();
    let replica = busy().start_replica_of(&primary);
    let mut workload = Workload::new(&primary).expiring_keys();
    for round in 0..60 {
        workload.run(120);
        assert_same(&primary, &[&replica], &format!("round {round}"));
        let_time_pass();
    }
    assert!(primary.presence("evicted") > 100 && primary.presence("joins") > 1000);
    replica.assert_clean_log();
}

#[test]
fn a_replica_of_a_replica_and_one_that_comes_late_follow() {
    let primary = busy().start();
    let mut workload = Workload::new(&primary);
    workload.run(500);
    let middle = busy()
        .arg("repl-diskless-load swapdb")
        .start_replica_of(&primary);
    workload.run(500);
    let last = busy().start_replica_of(&middle);
    for round in 0..20 {
        workload.run(100);
        assert_same(&primary, &[&middle, &last], &format!("round {round}"));
        let_time_pass();
    }
}
