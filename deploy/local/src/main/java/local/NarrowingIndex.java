package local;

import de.bwaldvogel.mongo.backend.AbstractUniqueIndex;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.bson.Document;
import java.util.List;
import java.util.Map;
import org.h2.mvstore.MVMap;

/**
 * A unique index that is of use to every query which names its fields, whatever else the query asks.
 *
 * <p>The server's own is used only where nothing else is asked, so each conditional write by key reads its collection
 * through. Whoever asks the index for positions matches what lies there against the whole query.
 */
final class NarrowingIndex extends AbstractUniqueIndex<Object> {

    private final MVMap<KeyValue, Object> positions;

    NarrowingIndex(MVMap<KeyValue, Object> positions, String name, List<IndexKey> keys, boolean sparse) {
        super(name, keys, sparse);
        this.positions = positions;
    }

    @Override
    public boolean canHandle(Document query) {
        return super.canHandle(narrowed(query));
    }

    @Override
    public Iterable<Object> getPositions(Document query) {
        return super.getPositions(narrowed(query));
    }

    /** What the query asks of this index: its members are all to be met, so one of them narrows it down. */
    private Document narrowed(Document query) {
        Document own = new Document();
        for (String key : keys()) {
            if (query.containsKey(key)) {
                own.put(key, query.get(key));
            }
        }
        return own;
    }

    @Override
    protected Object getPosition(KeyValue key) {
        return positions.get(key);
    }

    @Override
    protected boolean putKeyPosition(KeyValue key, Object position) {
        return positions.putIfAbsent(key, Missing.ofNullable(position)) == null;
    }

    @Override
    protected Object removeDocument(KeyValue key) {
        return positions.remove(key);
    }

    @Override
    protected Iterable<Map.Entry<KeyValue, Object>> getIterable() {
        return positions.entrySet();
    }

    @Override
    public long getCount() {
        return positions.sizeAsLong();
    }

    @Override
    public long getDataSize() {
        return getCount();
    }
}
