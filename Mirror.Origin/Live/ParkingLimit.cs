namespace Mirror.Origin.Live;

/// <summary>Counts the requests that wait in the whole process, and refuses more than a limit.</summary>
internal sealed class ParkingLimit(int most)
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _count) <= most) { return true; }
        Interlocked.Decrement(ref _count);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _count);
}
