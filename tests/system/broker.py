"""A real Apache Kafka of one node, on free ports in a folder of its own. Not a client: see records.py for those."""

import base64
import os
import pathlib
import shutil
import subprocess
import tempfile

from process import Process, answers, eventually, free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
KAFKA = ROOT / ".build" / "kafka"
ARCHIVE = KAFKA / "broker.jsa"
JAVA = ["java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
PATIENCE = 60  # seconds, for what a broker answers at once where it may run
ADMIN = "admin"  # the superuser of brokers with ACLs is whoever comes through the plain listener

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={folder}/data
auto.create.topics.enable={auto_create}
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
background.threads=2
group.coordinator.threads=1
share.coordinator.threads=1
log.segment.bytes=16777216
log.cleaner.dedupe.buffer.size=2097152
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
"""

SECURE = """\
ssl.principal.mapping.rules=RULE:^CN=([^,]*).*$/$1/,DEFAULT
listener.name.ssl.ssl.keystore.type=PEM
listener.name.ssl.ssl.keystore.location={store}
listener.name.ssl.ssl.truststore.type=PEM
listener.name.ssl.ssl.truststore.location={ca}
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,SCRAM-SHA-256
listener.name.sasl_ssl.ssl.keystore.type=PEM
listener.name.sasl_ssl.ssl.keystore.location={store}
listener.name.sasl_ssl.ssl.truststore.type=PEM
listener.name.sasl_ssl.ssl.truststore.location={ca}
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""

ACLS = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
"""


def available():
    """Why no broker can be had here, or nothing."""
    if not shutil.which("java"):
        return "no java"
    if not any((KAFKA / "jars").glob("kafka_2.13-*.jar")):
        return "the jars of Apache Kafka are not in .build/kafka (./dev test fetches them)"
    return ""


def archive_of_classes():
    """Java's words for it, where there is one: with it a broker starts in half the time."""
    quiet = ["-Xlog:cds=off", "-Xlog:cds+dynamic=off"]
    return [f"-XX:SharedArchiveFile={ARCHIVE}", "-Xshare:auto", *quiet] if ARCHIVE.exists() else []


def make_archive():
    """Of what a broker loads until its first topic: written at its end, which takes a busy machine a minute, and so by no test."""
    made = ARCHIVE.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory() as folder, Broker(folder, archive=[f"-XX:ArchiveClassesAtExit={made}"]) as broker:
        broker.create_topic("t")
        broker.stop()
    made.rename(ARCHIVE)


class Broker:
    """Started by the constructor; stop/kill and start keep the data. Use as a context, or call close()."""

    def __init__(self, folder, users=None, authority=None, acls=False, auto_create=False, front=None, immortal=False, archive=None):
        """users: {name: password} opens a listener for SASL_SSL (PLAIN and SCRAM) and one for SSL that knows a user by the common
        name of a certificate; authority: whose certificate it shows and trusts;
        front: what stands between it and its clients: they are sent to front.port, and it is told where its front.far is;
        immortal: it is never killed, and so it need not be taken for dead soon, which on a busy machine may be too soon;
        archive: Java's words about its archive of classes, else those of the one that there is."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.controller, secure, mutual = free_ports(4)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.secure_bootstrap = f"localhost:{secure}" if users else None
        self.mutual_bootstrap = f"localhost:{mutual}" if users else None
        listeners = f"PLAINTEXT://127.0.0.1:{self.port}"
        advertised = f"PLAINTEXT://127.0.0.1:{front.port}" if front else listeners
        if front:
            front.far = self.port
        if users:
            listeners += f",SASL_SSL://127.0.0.1:{secure},SSL://127.0.0.1:{mutual}"
            advertised += f",SASL_SSL://localhost:{secure},SSL://localhost:{mutual}"
        text = PROPERTIES.format(listeners=f"{listeners},CONTROLLER://127.0.0.1:{self.controller}", advertised=advertised,
                                 controller=self.controller, folder=self.folder, auto_create=str(auto_create).lower())
        if immortal:
            text = text.replace("broker.session.timeout.ms=1500", "broker.session.timeout.ms=60000")
        if users:
            _, _, store = authority.issue("broker")
            text += SECURE.format(store=store, ca=authority.certificate,
                                  users=" ".join(f'user_{name}="{password}"' for name, password in users.items()))
        if acls:
            text += ACLS
        self.properties = self.folder / "server.properties"
        self.properties.write_text(text)
        self.process, self.archive = None, archive_of_classes() if archive is None else archive
        scram = [word for name, password in (users or {}).items() for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256")
                 for word in ("--add-scram", f"{mechanism}=[name={name},password={password}]")]
        identity = base64.urlsafe_b64encode(b"\1" + os.urandom(15)).decode().rstrip("=")
        self._run("kafka.tools.StorageTool", "format", "--standalone", "-t", identity, "-c", self.properties, *scram)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        self.process = Process([*JAVA, *self.archive, "-cp", f"{KAFKA}/jars/*", "kafka.Kafka", self.properties],
                               self.folder / "broker.log", cwd=self.folder)
        eventually(lambda: not self.process.running() or answers(self.port), 180, "the broker's port")
        self._still_there()
        eventually(self._listed, 180, "the broker in its own metadata")

    def stop(self):
        return self.process.stop(180)

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        if self.process:
            self.process.close()  # nobody needs its data any more

    def admin(self):
        """A client of python3-kafka for the plain listener; close it. Left to itself it gives up when a broker needs two seconds
        for its first answers, and a machine with too much to do may well let a broker wait so long."""
        return eventually(self._client, PATIENCE, "a broker that knows its topics")

    def _client(self):
        """Or nothing: a broker that was not heard of for a moment, on a busy machine, is in nobody's metadata, not even its own."""
        from kafka.admin import KafkaAdminClient
        from kafka.errors import KafkaError
        self._still_there()
        try:
            return KafkaAdminClient(bootstrap_servers=self.bootstrap, api_version=(2, 6, 0), request_timeout_ms=PATIENCE * 1000,
                                    api_version_auto_timeout_ms=PATIENCE * 1000)
        except (KafkaError, OSError, ValueError, AssertionError):  # the last where its metadata names no broker
            return None

    def _still_there(self):
        if not self.process.running():
            raise RuntimeError("the broker ended: " + self.process.output()[-2000:])

    def create_topic(self, name, partitions=1, **config):
        self.create_topics([name], partitions, **config)

    def create_topics(self, names, partitions=1, **config):
        from kafka.admin import NewTopic
        admin = self.admin()
        try:
            settings = {key.replace("_", "."): str(value) for key, value in config.items()}
            topics, tried = [NewTopic(name, partitions, 1, topic_configs=settings) for name in names], []
            eventually(lambda: self._created(admin, topics, tried), PATIENCE, lambda: f"room for {names}: {tried[-1:]}")
            for name in names:
                eventually(lambda: self._leaders(admin, name) == partitions, PATIENCE, f"leaders of {name}")
        finally:
            admin.close()

    def delete_topic(self, name):
        self.delete_topics([name])

    def delete_topics(self, names):
        admin = self.admin()
        try:
            admin.delete_topics(names)
            eventually(lambda: not set(names) & set(admin.list_topics()), PATIENCE, f"{names} to vanish")
        finally:
            admin.close()

    def add_partitions(self, name, total):
        from kafka.admin import NewPartitions
        admin = self.admin()
        try:
            admin.create_partitions({name: NewPartitions(total)})
            eventually(lambda: self._leaders(admin, name) == total, PATIENCE, f"leaders of {name}")
        finally:
            admin.close()

    def forget_group(self, group):
        """With all that it committed; False as long as it has members."""
        from kafka.errors import NoError
        admin = self.admin()
        try:
            return all(error is NoError for _, error in admin.delete_consumer_groups([group]))
        finally:
            admin.close()

    def allow(self, user, kind, name, *operations):
        """Grants: allow("alice", "TOPIC", "t", "READ", "DESCRIBE"); kind is TOPIC, GROUP or CLUSTER."""
        from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
        admin = self.admin()
        try:
            admin.create_acls([ACL(f"User:{user}", "*", ACLOperation[operation], ACLPermissionType.ALLOW,
                                   ResourcePattern(ResourceType[kind], name)) for operation in operations])
        finally:
            admin.close()

    @staticmethod
    def _created(admin, topics, tried):
        """A broker that was not heard of for a moment, on a busy machine, cannot take a topic then; and what took too long may be done
        all the same. tried: the errors before this one."""
        from kafka.errors import InvalidReplicationFactorError, KafkaTimeoutError, RequestTimedOutError, TopicAlreadyExistsError
        try:
            admin.create_topics(topics)
        except TopicAlreadyExistsError:
            if not any(isinstance(error, (KafkaTimeoutError, RequestTimedOutError)) for error in tried):
                raise
        except (InvalidReplicationFactorError, KafkaTimeoutError, RequestTimedOutError) as error:
            tried.append(error)
            return False
        return True

    @staticmethod
    def _leaders(admin, name):
        topics = [topic for topic in admin.describe_topics([name]) if topic["error_code"] == 0]
        return sum(1 for topic in topics for part in topic["partitions"] if part["leader"] >= 0)

    def _listed(self):
        from kafka.errors import KafkaError
        admin = self._client()
        if not admin:
            return False
        try:
            return bool(admin.describe_cluster()["brokers"])
        except KafkaError:
            return False
        finally:
            admin.close()

    def _run(self, main, *words):
        done = subprocess.run([*JAVA, "-Xshare:auto", "-cp", f"{KAFKA}/jars/*", main, *map(str, words)],
                              capture_output=True, text=True, cwd=self.folder, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"{main} failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        return done.stdout


if __name__ == "__main__":  # once, before all tests
    make_archive()
