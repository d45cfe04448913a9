package local;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;

/** A database whose documents and index keys have types of their own in the file: see {@link DocumentType}. */
final class StoredDatabase extends H2Database {

    private static final String DOCUMENTS = "databases.";
    private static final String META = "meta.";
    private static final String INDEX = "._index_";
    private static final String FORMAT = "local.format";
    private static final int TYPED = 2;

    /** What drivers call a hashed index over one field; the server does not hand on of what kind an index is. */
    private static final String HASHED = "_hashed";

    private final MVStore store;
    private final CursorRegistry cursors;
    private final Map<String, Remembered> remembered = new HashMap<>();
    private final boolean open;

    StoredDatabase(String name, MVStore store, CursorRegistry cursors) {
        super(name, store, cursors);
        this.store = store;
        this.cursors = cursors;
        initializeNamespacesAndIndexes();
        remembered.values().forEach(Remembered::fill);
        open = true;
    }

    /** The parent's constructor calls this too, before there is a store to open anything in. */
    @Override
    protected void initializeNamespacesAndIndexes() {
        if (store != null) {
            super.initializeNamespacesAndIndexes();
        }
    }

    @Override
    protected MongoCollection<Object> openOrCreateCollection(String name, CollectionOptions options) {
        String full = getFullCollectionNamespace(name);
        MVMap<Object, Document> documents = openDocuments(store, DOCUMENTS + full);
        return new WholeDocuments(this, name, options, documents, store.openMap(META + full), cursors);
    }

    @Override
    protected Index<Object> openOrCreateUniqueIndex(String collection, String name, List<IndexKey> keys, boolean sparse) {
        MVMap<KeyValue, Object> positions = openIndex(store, getFullCollectionNamespace(collection) + INDEX + name);
        return new NarrowingIndex(positions, name, keys, sparse);
    }

    /** Of those that are not unique, hashed and sparse ones over one field are kept; a file's are filled together. */
    @Override
    protected Index<Object> openOrCreateSecondaryIndex(String collection, String name, List<IndexKey> keys, boolean sparse) {
        IndexKey key = keys.get(0);
        if (keys.size() == 1 && name.equals(key.getKey() + HASHED)) {
            HashedFields fields = remembered(collection).hashed();
            return new HashedIndex(name, key, fields, fields.include(key.getKey()) && open);
        }
        if (keys.size() == 1 && sparse) {
            SparseFields fields = remembered(collection).sparse();
            return new SparseIndex(name, key, fields, fields.include(key.getKey()) && open);
        }
        return super.openOrCreateSecondaryIndex(collection, name, keys, sparse);
    }

    private Remembered remembered(String collection) {
        String documents = DOCUMENTS + getFullCollectionNamespace(collection);
        return remembered.computeIfAbsent(collection, one -> Remembered.of(openDocuments(store, documents)));
    }

    @Override
    public void unregisterCollection(String collection) {
        super.unregisterCollection(collection);
        remembered.remove(collection);
    }

    /** Write a file of the former form anew, whole: its order and its values are those of serialized Java objects. */
    static void convert(MVStore store) {
        MVMap<String, Integer> format = store.openMap(FORMAT);
        if (format.getOrDefault(FORMAT, 1) < TYPED) {
            for (String name : List.copyOf(store.getMapNames())) {
                if (name.startsWith(DOCUMENTS) || name.contains(INDEX)) {
                    convert(store, name);
                }
            }
            format.put(FORMAT, TYPED);
            store.commit();
        }
    }

    private static void convert(MVStore store, String name) {
        MVMap<Object, Object> former = store.openMap(name);
        List<Map.Entry<Object, Object>> entries = new ArrayList<>(former.entrySet());
        store.removeMap(former);
        if (name.startsWith(DOCUMENTS)) {
            MVMap<Object, Document> documents = openDocuments(store, name);
            entries.forEach(entry -> documents.put(entry.getKey(), (Document) entry.getValue()));
        } else {
            MVMap<KeyValue, Object> index = openIndex(store, name);
            entries.forEach(entry -> index.put((KeyValue) entry.getKey(), entry.getValue()));
        }
    }

    /** Open a map with its types; whoever opens it again by name alone gets this one. */
    private static MVMap<Object, Document> openDocuments(MVStore store, String name) {
        return store.openMap(name, new MVMap.Builder<Object, Document>().valueType(new DocumentType()));
    }

    private static MVMap<KeyValue, Object> openIndex(MVStore store, String name) {
        return store.openMap(name, new MVMap.Builder<KeyValue, Object>().keyType(new KeyType()));
    }
}
