"""Who became of every event: what the platform was asked, what lies in the dead letters, what is committed. Not a client."""

from records import committed, end_offsets, read_topic


class Account:
    """The bookkeeping of one topic, its route of the same name and one or more platforms.

    An event is (partition, offset). A life is one process of slussd; its requests are told apart by their connections.
    """

    def __init__(self, bootstrap, topic, *platforms, group=None):
        self.bootstrap, self.topic, self.platforms = bootstrap, topic, platforms
        self.group = group or f"sluss.{topic}"
        self.lives = [{} for _ in platforms]  # per platform: {connection: life}, filled by end_of_life()
        self.life = 0
        self._seen, self._delivered = [0] * len(platforms), set()

    @staticmethod
    def event(request):
        """(topic, partition, offset) of a request."""
        topic, partition, offset = request.headers["sluss-event"].rsplit("/", 2)
        return topic, int(partition), int(offset)

    def requests(self):
        """All requests for this topic as (request, event); in the order of each platform's ledger."""
        found = []
        for platform in self.platforms:
            for request in list(platform.ledger):
                topic, partition, offset = self.event(request)
                if topic == self.topic:
                    found.append((request, (partition, offset)))
        return found

    def delivered(self):
        """Events that a platform answered with success; grows, so that polling it is cheap."""
        for number, platform in enumerate(self.platforms):
            ledger = platform.ledger
            while self._seen[number] < len(ledger):
                request = ledger[self._seen[number]]
                self._seen[number] += 1
                topic, partition, offset = self.event(request)
                if topic == self.topic and isinstance(request.answer, int) and 200 <= request.answer < 300:
                    self._delivered.add((partition, offset))
        return self._delivered

    def deliveries(self):
        """How often each event was answered with success."""
        counts = {}
        for request, event in self.requests():
            if isinstance(request.answer, int) and 200 <= request.answer < 300:
                counts[event] = counts.get(event, 0) + 1
        return counts

    def dead(self):
        """{event: letters} in the dead-letter topic TOPIC.dlq."""
        found = {}
        for letter in read_topic(self.bootstrap, f"{self.topic}.dlq"):
            event = int(letter.headers["sluss-partition"]), int(letter.headers["sluss-offset"])
            found.setdefault(event, []).append(letter)
        return found

    def committed(self):
        """{partition: committed offset, 0 where there is none}"""
        return {number: offset or 0 for number, offset in committed(self.bootstrap, self.group, self.topic).items()}

    def all_committed(self):
        return self.committed() == end_offsets(self.bootstrap, self.topic)

    def check_commits(self):
        """I1: nothing unsettled lies below a committed offset."""
        offsets, delivered, dead = self.committed(), self.delivered(), self.dead()
        lost = [(partition, offset) for partition, end in offsets.items() for offset in range(end)
                if (partition, offset) not in delivered and (partition, offset) not in dead]
        assert not lost, f"committed past unsettled events: {lost[:10]} of {len(lost)}; committed {offsets}"
        return offsets

    @staticmethod
    def check_order(requests):
        """I2 as the platform sees it: the requests of one process, per (partition, key): offsets never go back.

        The key of an event is the member "key" of its body, as the tests here write it."""
        last = {}
        for request, (partition, offset) in requests:
            if request.abandoned:
                continue  # its sender had given up: it came late
            place = partition, request.body.split(b'"key":"', 1)[1].split(b'"', 1)[0]
            before = last.get(place, -1)
            assert offset >= before, f"{place}: offset {offset} was sent after {before}"
            last[place] = offset
