package local;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import java.util.Collection;
import java.util.List;
import java.util.Objects;

/**
 * MongoDB's hashed index over one field: documents are found by a text there, whatever else a query asks.
 *
 * <p>A choice between fields that all have one ({@code $or}) is found by any of them.
 */
final class HashedIndex extends Index<Object> {

    /** What MongoDB answers whom it tells that a hashed index takes no arrays. */
    private static final int NO_ARRAYS = 16766;

    private final String field;
    private final HashedFields fields;
    private final boolean isEmpty;

    HashedIndex(String name, IndexKey key, HashedFields fields, boolean isEmpty) {
        super(name, List.of(key), true);
        this.field = key.getKey();
        this.fields = fields;
        this.isEmpty = isEmpty;
    }

    @Override
    public boolean canHandle(Document query) {
        return fields.canHandle(query);
    }

    @Override
    public Iterable<Object> getPositions(Document query) {
        return fields.positions(query);
    }

    @Override
    public void checkAdd(Document document, MongoCollection<Object> collection) {
        if (document.get(field) instanceof Collection<?>) {
            throw new MongoServerError(NO_ARRAYS, "hashed indexes do not support array values");
        }
    }

    @Override
    public void add(Document document, Object position, MongoCollection<Object> collection) {
        fields.add(field, document, position);
    }

    @Override
    public void checkUpdate(Document before, Document after, MongoCollection<Object> collection) {
        checkAdd(after, collection);
    }

    @Override
    public void updateInPlace(
            Document before, Document after, Object position, MongoCollection<Object> collection) {
        if (!Objects.equals(before.get(field), after.get(field))) {
            add(after, position, collection);
        }
    }

    /** Which one it was that had the document, only a unique index can tell. */
    @Override
    public Object getPosition(Document document) {
        return null;
    }

    @Override
    public Object remove(Document document) {
        return null;
    }

    /** Whether the server is to add what the collection has already. */
    @Override
    public boolean isEmpty() {
        return isEmpty;
    }

    @Override
    public long getCount() {
        return 0;
    }

    @Override
    public long getDataSize() {
        return 0;
    }

    @Override
    public void drop() {
        fields.exclude(field);
    }
}
