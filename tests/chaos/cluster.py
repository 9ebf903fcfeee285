"""Three real Kafka nodes; each has a second door that leads through a wire. Not for tests that are content with one."""

import base64
import json
import os
import pathlib

import broker
from process import Process, answers, eventually, free_ports

PATIENCE = 180  # seconds; three nodes of Java on a loaded machine


class Node(broker.Broker):
    """One of three; made by Cluster."""

    def __init__(self, folder, number, ports, voters, identity, far):
        self.folder, self.number = pathlib.Path(folder), number
        self.folder.mkdir(parents=True)
        self.port, self.controller, self.far = ports
        self.bootstrap = f"127.0.0.1:{self.port}"
        text = broker.PROPERTIES.format(
            listeners=f"PLAINTEXT://127.0.0.1:{self.port},FAR://127.0.0.1:{self.far},CONTROLLER://127.0.0.1:{self.controller}",
            advertised=f"PLAINTEXT://127.0.0.1:{self.port},FAR://{far}", controller=self.controller, folder=self.folder,
            auto_create="false")
        changed = {"node.id": number, "default.replication.factor": 3, "min.insync.replicas": 2, "offsets.topic.replication.factor": 3,
                   "broker.heartbeat.interval.ms": 500, "broker.session.timeout.ms": 3000, "transaction.state.log.replication.factor": 3, "transaction.state.log.min.isr": 2,
                   "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT"}
        lines = [line for line in text.splitlines() if line.split("=")[0] not in (*changed, "controller.quorum.bootstrap.servers")]
        lines += [f"{name}={value}" for name, value in changed.items()]
        lines += [f"controller.quorum.voters={voters}", "replica.lag.time.max.ms=3000", "leader.imbalance.check.interval.seconds=5",
                  f"initial.broker.registration.timeout.ms={PATIENCE * 1000}"]
        self.properties = self.folder / "server.properties"
        self.properties.write_text("\n".join(lines) + "\n")
        self.process = None
        self._run("kafka.tools.StorageTool", "format", "-t", identity, "-c", self.properties)

    def begin(self):
        """Started, not waited for."""
        flags = broker.archive_of_classes()
        java = [word.replace("-Xmx512m", "-Xmx320m") for word in broker.JAVA]
        self.process = Process([*java, *flags, "-cp", f"{broker.KAFKA}/jars/*", "kafka.Kafka", self.properties],
                               self.folder / "broker.log", cwd=self.folder)

    def listening(self):
        """Waits for it; a node that gives up by itself, because the others came too late for it, is started again as an operator would."""
        def up():
            if not self.process.running():
                self.begin()
            return answers(self.port)
        eventually(up, PATIENCE, lambda: f"the port of node {self.number}; it says {self.process.output()[-2000:]}")

    def start(self):
        self.begin()
        self.listening()

    def close(self):
        if self.process:
            self.process.close()


class Cluster:
    def __init__(self, folder, lay):
        """lay(port): lays a wire to a port; returns (address, port) of its beginning."""
        ports = free_ports(9)
        triples = [(ports[n], ports[n + 3], ports[n + 6]) for n in range(3)]
        voters = ",".join(f"{n + 1}@127.0.0.1:{triple[1]}" for n, triple in enumerate(triples))
        identity = base64.urlsafe_b64encode(b"\1" + os.urandom(15)).decode().rstrip("=")
        fars = [lay(triple[2]) for triple in triples]
        self.nodes = [Node(pathlib.Path(folder) / f"node{n + 1}", n + 1, triple, voters, identity, fars[n]) for n, triple in enumerate(triples)]
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes)
        self.far_bootstrap = ",".join(fars)
        self.start(self.nodes)
        self.whole()

    def start(self, nodes):
        for node in nodes:
            node.begin()
        for node in nodes:
            node.listening()

    def whole(self):
        """Waits until every partition has all its replicas in sync."""
        eventually(self._in_sync, PATIENCE, "three nodes with all replicas in sync", every=0.5)

    def _in_sync(self):
        for node in self.nodes:
            if not node.process.running():
                node.begin()
        from kafka.errors import KafkaError
        try:
            admin = self.admin()
        except (KafkaError, OSError, ValueError, AssertionError):  # the last where metadata name no controller
            return False
        try:
            if len(admin.describe_cluster()["brokers"]) < 3:
                return False
            return all(len(part["isr"]) == 3 and part["leader"] >= 0
                       for topic in admin.describe_topics() for part in topic["partitions"])
        except Exception:  # noqa: BLE001 python3-kafka raises what it likes while nodes come and go
            return False
        finally:
            admin.close()

    def admin(self):
        from kafka.admin import KafkaAdminClient
        return KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","), api_version=(2, 6, 0), request_timeout_ms=8000,
                                api_version_auto_timeout_ms=8000)

    def _led(self, admin, name):
        return broker.Broker._leaders(admin, name)

    def _until(self, ask, reached, what):
        """Asks for something, again and again, until it is so: an answer may be lost, and what was asked for may be done already."""
        from kafka.errors import KafkaError

        def done():
            try:
                admin = self.admin()
            except (KafkaError, OSError, ValueError, AssertionError):  # the last where metadata name no controller
                return False
            try:
                if reached(admin):
                    return True
                ask(admin)
                return reached(admin)
            except (KafkaError, OSError):
                return False
            finally:
                admin.close()
        eventually(done, PATIENCE, what, every=0.3)

    def create_topic(self, name, partitions):
        from kafka.admin import NewTopic
        self._until(lambda admin: admin.create_topics([NewTopic(name, partitions, 3)]),
                    lambda admin: self._led(admin, name) == partitions, f"the topic {name}")

    def delete_topic(self, name):
        self._until(lambda admin: admin.delete_topics([name]), lambda admin: name not in admin.list_topics(), f"{name} to vanish")

    def deleted(self, name):
        """What stood in a topic that is deleted: for each node its records, from the logs that it keeps for a minute."""
        from kafka.record import MemoryRecords
        for node in self.nodes:
            found = []
            for log in sorted(node.folder.glob(f"data/{name}-*.*-delete/*.log")):
                records = MemoryRecords(log.read_bytes())
                while records.has_next():
                    found.extend(records.next_batch())
            yield found

    def add_partitions(self, name, total):
        from kafka.admin import NewPartitions
        self._until(lambda admin: admin.create_partitions({name: NewPartitions(total)}), lambda admin: self._led(admin, name) == total,
                    f"leaders of {name}")

    def rotate_leaders(self):
        """The next replica of every partition of every topic becomes its leader."""
        wanted = eventually(self._next_leaders, PATIENCE, "the replicas of every partition", every=0.3)
        plan = self.nodes[0].folder / "plan.json"
        plan.write_text(json.dumps({"version": 1, "partitions": wanted}))
        self._tool("reassign.ReassignPartitionsCommand", "--reassignment-json-file", plan, "--execute")
        self._tool("LeaderElectionCommand", "--election-type", "preferred", "--all-topic-partitions")
        self.whole()

    def _next_leaders(self):
        """What moves them, or nothing while nobody says where they are."""
        from kafka.errors import KafkaError
        try:
            admin = self.admin()
        except (KafkaError, OSError, ValueError, AssertionError):  # the last where metadata name no controller
            return []
        try:
            return [{"topic": topic["topic"], "partition": part["partition"], "replicas": part["replicas"][1:] + part["replicas"][:1]}
                    for topic in admin.describe_topics() for part in topic["partitions"]]
        except (KafkaError, OSError):
            return []
        finally:
            admin.close()

    def _tool(self, name, *words):
        for left in (2, 1, 0):
            try:
                self.nodes[0]._run(f"org.apache.kafka.tools.{name}", "--bootstrap-server", self.bootstrap, *words)
                return
            except RuntimeError:  # it asked a node that had just given up its office
                if not left:
                    raise

    def close(self):
        for node in self.nodes:
            node.close()
