package local;

import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.h2.mvstore.MVStore;

/**
 * A MongoDB-compatible server on one file that commits before it answers.
 *
 * <p>Messages share a lock and a commit excludes them, so what is stored is always a state between messages: a kill
 * never leaves an index entry without its document. One commit serves every message that waits for it. Reads commit
 * too, so nobody is told of a write that a kill could still undo.
 */
final class DurableDatabase extends H2Backend {

    /** The oldest release that current drivers speak with: MongoDB 4.4, wire version 9. */
    private record Release(List<Integer> getVersionArray, int getWireVersion) implements MongoVersion {}

    private static final int COMPACT_MILLISECONDS = 2_000;

    /** A commit writes whole pages, so small ones: a quarter of what H2 would take. */
    private static final int PAGE_BYTES = 4_096;

    /** Each commit puts what it wrote there anew, and every young collection copies all that came lately. */
    private static final int CACHE_MEBIBYTES = 4;

    /** The exit code of a MongoDB that cannot go on. */
    private static final int CANNOT_WRITE = 14;

    private final ReadWriteLock state = new ReentrantReadWriteLock();
    private volatile boolean stopping;

    private DurableDatabase(MVStore store) {
        super(store);
        version(new Release(List.of(4, 4, 0), 9));
    }

    @Override
    public Document handleMessage(MongoMessage message) {
        try {
            return answerDurably(message);
        } finally {
            endIfClosed();
        }
    }

    private Document answerDurably(MongoMessage message) {
        state.readLock().lock();
        Document answer;
        try {
            answer = super.handleMessage(message);
        } finally {
            state.readLock().unlock();
        }
        commitBetweenMessages();
        return answer;
    }

    /**
     * A store that cannot write its file, for the disk is full or broken, closes itself for good. Then the server ends,
     * as MongoDB's does: clients wait for one that is away, and take one that answers nonsense at its word.
     */
    private void endIfClosed() {
        if (!stopping && getMvStore().isClosed()) {
            System.err.println("The file cannot be written any more. Make room, then start the database again.");
            Runtime.getRuntime().halt(CANNOT_WRITE);
        }
    }

    @Override
    protected MongoDatabase openOrCreateDatabase(String name) {
        return new StoredDatabase(name, getMvStore(), getCursorRegistry());
    }

    @Override
    public void close() {
        stopping = true;
        getMvStore().close(COMPACT_MILLISECONDS);
    }

    private void commitBetweenMessages() {
        state.writeLock().lock();
        try {
            if (getMvStore().hasUnsavedChanges()) {
                getMvStore().commit();
            }
        } finally {
            state.writeLock().unlock();
        }
    }

    /** Arguments: address, port, file. Stops cleanly, with nothing lost, on SIGTERM. */
    public static void main(String[] arguments) {
        // Automatic commits hand their work to another thread; without them a commit ends when the file is written.
        MVStore store = new MVStore.Builder()
                .fileName(arguments[2])
                .autoCommitDisabled()
                .pageSplitSize(PAGE_BYTES)
                .cacheSize(CACHE_MEBIBYTES)
                .open();
        // Nobody reads old versions, so the space they took is used again at once and the file stays small.
        store.setRetentionTime(0);
        StoredDatabase.convert(store);
        DurableDatabase database = new DurableDatabase(store);
        MongoServer server = new MongoServer(database);
        server.bind(arguments[0], Integer.parseInt(arguments[1]));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.shutdownNow();
            database.close();
        }));
    }
}
