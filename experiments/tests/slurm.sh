#!/bin/sh
# One node of Slurm on this machine, with accounting, all of its state in the folder $1: slurm.sh DIR start | stop.
# Debian: slurm-wlm munge slurmdbd mariadb-server (--no-install-recommends). Root is needed; other daemons must not run.
set -e
DIR=$(realpath "$1")
HOST=$(hostname -s)

stop() {
    for name in slurmd slurmctld slurmdbd munged mariadb; do
        test ! -f "$DIR/$name.pid" || kill "$(cat "$DIR/$name.pid")" 2>/dev/null || true
    done
}

waits() {
    for _ in $(seq 100); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.2
    done
    echo "slurm.sh: $* did not come up" >&2
    exit 1
}

start() {
    mkdir -p "$DIR/state" "$DIR/spool" "$DIR/munge" "$DIR/db"
    chmod 0755 "$DIR" "$DIR/munge"
    head -c 1024 /dev/urandom > "$DIR/munge.key"
    chmod 0400 "$DIR/munge.key"
    munged --force --key-file="$DIR/munge.key" --socket="$DIR/munge/sock" --pid-file="$DIR/munged.pid" \
        --log-file="$DIR/munged.log" --seed-file="$DIR/munge.seed"
    mariadb-install-db --no-defaults --user=root --datadir="$DIR/db" --skip-test-db >"$DIR/mariadb.log" 2>&1
    mariadbd --no-defaults --user=root --datadir="$DIR/db" --socket="$DIR/db.sock" --pid-file="$DIR/mariadb.pid" \
        --bind-address=127.0.0.1 --port=16833 --innodb-buffer-pool-size=64M >>"$DIR/mariadb.log" 2>&1 &
    waits mariadb --no-defaults --socket="$DIR/db.sock" -e "select 1"
    mariadb --no-defaults --socket="$DIR/db.sock" -e "create user slurm@127.0.0.1 identified by 'slurm'; \
        grant all on slurm_acct_db.* to slurm@127.0.0.1;"
    cat > "$DIR/slurmdbd.conf" <<END
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/sock
DbdHost=localhost
DbdPort=16819
SlurmUser=root
LogFile=$DIR/slurmdbd.log
PidFile=$DIR/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16833
StorageUser=slurm
StoragePass=slurm
END
    chmod 0600 "$DIR/slurmdbd.conf"
    SLURM_CONF="$DIR/slurm.conf" slurmdbd
    cat > "$DIR/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/sock
CredType=cred/munge
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd.pid
SlurmctldLogFile=$DIR/slurmctld.log
SlurmdLogFile=$DIR/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=16819
AccountingStoragePass=$DIR/munge/sock
JobAcctGatherType=jobacct_gather/linux
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=20000 State=UNKNOWN
PartitionName=main Nodes=$HOST Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF="$DIR/slurm.conf"
    waits sacctmgr -i list cluster
    sacctmgr -i add cluster one >/dev/null 2>&1 || true
    slurmctld
    slurmd
    waits sh -c "sinfo -h -t idle | grep main"
}

"$2"
