package local;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import java.util.List;

/** An index over one field that is not unique and lives in memory: it refuses nothing, and names candidates. */
abstract class MemoryIndex extends Index<Object> {

    protected final String field;
    private final boolean isEmpty;

    MemoryIndex(String name, IndexKey key, boolean isEmpty) {
        super(name, List.of(key), true);
        this.field = key.getKey();
        this.isEmpty = isEmpty;
    }

    /** Whether the server is to add what the collection has already. */
    @Override
    public boolean isEmpty() {
        return isEmpty;
    }

    /** Where a certain document lies, a unique index tells. */
    @Override
    public Object getPosition(Document document) {
        return null;
    }

    @Override
    public void checkAdd(Document document, MongoCollection<Object> collection) {}

    @Override
    public void checkUpdate(Document before, Document after, MongoCollection<Object> collection) {
        checkAdd(after, collection);
    }

    @Override
    public long getCount() {
        return 0;
    }

    @Override
    public long getDataSize() {
        return 0;
    }
}
