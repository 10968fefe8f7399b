package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings.NameEncoding;
import tapedeck.stream.Publication;

/// Recovery of what a crash or a hand left in the folder.
@Tag("peer")
@Timeout(120)
class FinisherTest {
    @TempDir
    Path dir;

    private Path notes() {
        return dir.resolve("notes");
    }

    private TestStudio studio() throws Exception {
        return new TestStudio(dir, Optional.of(TestStudio.notingHook(dir, notes())));
    }

    /// Leaves a growing file of two seconds behind, as a crash would, and returns its journal.
    private Journal abandoned(TestStudio studio, String name) throws Exception {
        Publication publication = studio.publish(name);
        studio.feed(publication, frames());
        Journals journals = new Journals(studio.tmp);
        for (String id : journals.ids()) {
            Journal journal = journals.read(id);
            if (journal.origin().streamName().equals(name)) {
                return journal;
            }
        }
        throw new AssertionError("no journal of " + name);
    }

    private static List<Frame> frames() {
        return TestMedia.h264(2);
    }

    /// A copy of the growing file and its journal in a folder where nobody else works on it.
    private Path copied(Journal journal, TestStudio from) throws Exception {
        Path other = dir.resolve("other");
        Path growing = Files.createDirectories(other.resolve("growing"));
        Journals journals = new Journals(from.tmp);
        Files.copy(journals.media(journal), new Journals(growing).media(journal));
        new Journals(growing).write(journal);
        return other;
    }

    @Test
    void whatAnotherServerLeftIsFinished() throws Exception {
        Path other;
        try (TestStudio studio = studio()) {
            other = copied(abandoned(studio, "a"), studio);
        }
        Path hook = TestStudio.notingHook(other, other.resolve("notes"));
        try (TestStudio studio = new TestStudio(other, Optional.of(hook))) {
            assertEquals(1, studio.recordings.recover());
            List<Frame> held = frames().subList(
                            0, Judge.packets(studio.file("a.mp4")).get("video").size());
            assertTrue(held.size() >= 30, held.size() + " frames");
            Judge.assertHolds(studio.file("a.mp4"), held);
            Await.await(
                    "the hook ran",
                    () -> TestStudio.lines(other.resolve("notes")).size() == 1);
            assertTrue(TestStudio.lines(other.resolve("notes")).getFirst().startsWith("recovered a "));
            assertEquals(0, studio.recordings.recover());
        }
    }

    @Test
    void aNameThatWasTakenMeanwhileIsNotOverwritten() throws Exception {
        Path other;
        Journal journal;
        try (TestStudio studio = studio()) {
            journal = abandoned(studio, "a");
            other = copied(journal, studio);
        }
        Path growing = other.resolve("growing");
        Path records = Files.createDirectories(other.resolve("records"));
        // It died after the choice of the name; then somebody put another file there.
        long size = Files.size(new Journals(growing).media(journal));
        new Journals(growing)
                .write(journal.ended(new Journal.Ending(EndReason.STOPPED, 1))
                        .placed(new Journal.Placement("a.mp4", size + 1, 0)));
        Files.writeString(records.resolve("a.mp4"), "another");
        try (TestStudio studio = new TestStudio(other)) {
            assertEquals(1, studio.recordings.recover());
            assertEquals("another", Files.readString(records.resolve("a.mp4")));
            assertTrue(Files.exists(records.resolve("a-2.mp4")));
        }
    }

    @Test
    void aForeignFileOfTheSameNameAndSizeIsNotTakenForOurs() throws Exception {
        Path other;
        Journal journal;
        try (TestStudio studio = studio()) {
            journal = abandoned(studio, "a");
            other = copied(journal, studio);
        }
        Path growing = other.resolve("growing");
        Path records = Files.createDirectories(other.resolve("records"));
        int size = (int) Files.size(new Journals(growing).media(journal));
        new Journals(growing)
                .write(journal.ended(new Journal.Ending(EndReason.STOPPED, 1))
                        .placed(new Journal.Placement("a.mp4", size, 0)));
        byte[] foreign = new byte[size];
        Files.write(records.resolve("a.mp4"), foreign);
        try (TestStudio studio = new TestStudio(other)) {
            assertEquals(1, studio.recordings.recover());
            assertEquals(-1, java.util.Arrays.mismatch(foreign, Files.readAllBytes(records.resolve("a.mp4"))));
            assertEquals(size, Files.size(records.resolve("a-2.mp4")));
        }
    }

    @Test
    void whatCannotBeRecoveredIsKeptAside() throws Exception {
        Path growing = Files.createDirectories(dir.resolve("growing"));
        Journals journals = new Journals(growing);
        Journal rubbish = journal("rubbish");
        journals.write(rubbish);
        Files.writeString(journals.media(rubbish), "this is no recording, and must not be lost");
        Files.writeString(growing.resolve(".tapedeck-torn.json"), "{\"id\":\"torn\",");
        Files.writeString(growing.resolve(".tapedeck-torn.mp4"), "its media");
        Files.writeString(growing.resolve(".tapedeck-foreign.json"), "{\"id\":\"foreign\"}");
        Files.writeString(growing.resolve(".tapedeck-liar.json"), "{\"id\":\"../../x\"}");
        Files.writeString(growing.resolve(".tapedeck-alone.webm"), "no journal");
        Files.write(growing.resolve(".tapedeck-huge.json"), new byte[Journals.MAX_JOURNAL_BYTES + 1]);
        for (int round = 0; round < 2; round++) {
            try (TestStudio studio = studio()) {
                assertEquals(0, studio.recordings.recover());
                assertEquals(
                        List.of(
                                ".tapedeck-alone.webm.broken",
                                ".tapedeck-foreign.json.broken",
                                ".tapedeck-huge.json.broken",
                                ".tapedeck-liar.json.broken",
                                ".tapedeck-rubbish.json.broken",
                                ".tapedeck-rubbish.mp4.broken",
                                ".tapedeck-torn.json.broken",
                                ".tapedeck-torn.mp4.broken",
                                "hook.sh"),
                        studio.allFiles());
                assertEquals(List.of(), studio.names());
            }
        }
        assertEquals(
                "this is no recording, and must not be lost",
                Files.readString(growing.resolve(".tapedeck-rubbish.mp4.broken")));
        assertEquals(List.of(), TestStudio.lines(notes()));
    }

    @Test
    void aRecordingThatDiedBeforeItsFirstByteLeavesNothing() throws Exception {
        Path growing = Files.createDirectories(dir.resolve("growing"));
        Journals journals = new Journals(growing);
        journals.write(journal("none"));
        journals.write(journal("empty"));
        Files.createFile(journals.media(journal("empty")));
        Files.writeString(growing.resolve(".tapedeck-half.json.new"), "{");
        try (TestStudio studio = studio()) {
            assertEquals(0, studio.recordings.recover());
            assertEquals(List.of(".tapedeck-half.json.new.broken", "hook.sh"), studio.allFiles());
        }
    }

    @Test
    void recoveryLeavesAloneWhatIsGrowing() throws Exception {
        try (TestStudio studio = studio()) {
            Publication publication = studio.publish("a");
            studio.feed(publication, frames().subList(0, 45));
            assertEquals(0, studio.recordings.recover());
            studio.feed(publication, frames().subList(45, 60));
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), frames());
            assertEquals(List.of("a.mp4"), studio.names());
        }
    }

    @Test
    void aHookThatRanWhenTheServerDiedIsNotStartedAgain() throws Exception {
        Journals journals = new Journals(Files.createDirectories(dir.resolve("growing")));
        Path records = Files.createDirectories(dir.resolve("records"));
        try (TestStudio studio = studio()) {
            studio.record("a", frames());
            Await.await("the hook ran", () -> TestStudio.lines(notes()).size() == 1);
        }
        long size = Files.size(records.resolve("a.mp4"));
        Journal ran = journal("ran")
                .ended(new Journal.Ending(EndReason.STOPPED, 1))
                .placed(new Journal.Placement("a.mp4", size, 0));
        journals.write(ran);
        Files.move(journals.path(ran), journals.hooked(ran));
        try (TestStudio studio = studio()) {
            studio.recordings.recover();
        }
        assertEquals(1, TestStudio.lines(notes()).size());
        assertEquals(List.of(), journals.ids());
        assertFalse(Files.exists(journals.hooked(ran)));
    }

    @Test
    void whatAServerThatRunsIsRecordingIsNotRecoveredByAnother() throws Exception {
        try (TestStudio studio = studio()) {
            Publication publication = studio.publish("a");
            studio.feed(publication, frames().subList(0, 45));
            try (TestStudio other = new TestStudio(dir)) {
                assertEquals(0, other.recordings.recover());
            }
            studio.feed(publication, frames().subList(45, 60));
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), frames());
        }
    }

    @Test
    void aThousandFilesOfOneNameAreToldApart() throws Exception {
        Path records = Files.createDirectories(dir.resolve("records"));
        Files.createFile(records.resolve("a.mp4"));
        for (int i = 2; i <= 1000; i++) {
            Files.createFile(records.resolve("a-" + i + ".mp4"));
        }
        try (TestStudio studio = studio()) {
            studio.record("a", frames());
            assertTrue(studio.recordings.file("a-1001.mp4").isPresent());
        }
    }

    @Test
    void aJournalSurvivesItsOwnReading() throws Exception {
        Journals journals = new Journals(dir);
        Journal journal = journal("x")
                .ended(new Journal.Ending(EndReason.NO_SPACE, 7))
                .placed(new Journal.Placement("käse.mp4", 8, 9));
        journals.write(journal);
        assertEquals(journal, journals.read("x"));
        assertEquals(List.of("x"), journals.ids());
        byte[] whole = Files.readAllBytes(dir.resolve(".tapedeck-x.json"));
        for (int length = 0; length < whole.length; length++) {
            try (FileChannel file = FileChannel.open(dir.resolve(".tapedeck-x.json"), StandardOpenOption.WRITE)) {
                file.truncate(length);
                assertThrows(MalformedException.class, () -> journals.read("x"));
            }
            Files.write(dir.resolve(".tapedeck-x.json"), whole);
        }
        journals.delete(journal);
        assertFalse(Files.exists(dir.resolve(".tapedeck-x.json")));
    }

    private static Journal journal(String id) {
        Naming naming = new Naming("{streamName}", NameEncoding.PLAIN, "/");
        return Journal.begun(
                id, Container.MP4, naming, 0, new Journal.Origin(id, "media", "session", "login", "aac", "h264", 1, 2));
    }
}
