namespace Mirror.Origin.Live;

/// <summary>A list that grows at its end and shrinks at its start, of which any number of readers may hold views.</summary>
/// <remarks>
/// A slot is written once: growing or sliding never changes what a view shows, so a view needs no lock and no copy. One writer at a
/// time. Removed items stay referenced until the array is next replaced, which is after at most as many additions as it has slots.
/// </remarks>
internal sealed class SlidingList<T>
{
    private const int SmallestCapacity = 8;
    private T[] _items = [];
    private int _start;
    private int _end;

    public int Count => _end - _start;

    public T this[int index] => _items[_start + index];

    public ReadOnlyMemory<T> View => _items.AsMemory(_start, Count);

    public void Add(T item)
    {
        if (_end == _items.Length)
        {
            var larger = new T[Math.Max(SmallestCapacity, Count * 2)];
            View.CopyTo(larger);
            _end = Count;
            _start = 0;
            _items = larger;
        }
        _items[_end++] = item;
    }

    public void RemoveFirst(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        _start += count;
    }
}
