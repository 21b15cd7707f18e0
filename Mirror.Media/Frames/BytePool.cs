using System.Numerics;

namespace Mirror.Media.Frames;

/// <summary>Reuses large byte arrays, in size classes a quarter of an octave apart so that little of each is wasted.</summary>
/// <remarks>
/// <see cref="System.Buffers.ArrayPool{T}"/> rounds up to powers of two, which for media (access units of 20 KB to 2 MB) wastes a third of
/// the memory. Thread-safe; the lock of one size class is held for a push or a pop.
/// </remarks>
public static class BytePool
{
    private const int SmallestShift = 10;                    // 1 KiB
    private const int LargestShift = 26;                     // 64 MiB: larger than any access unit or part
    private const int ClassesPerOctave = 4;
    private const long LargestIdle = 96L * 1024 * 1024;      // idle bytes kept over all classes; the rest goes to the collector
    private static readonly SizeClass[] Classes = CreateClasses();
    private static long _idleBytes;

    /// <summary>Bytes that lie in the pool, unused.</summary>
    public static long IdleBytes => Volatile.Read(ref _idleBytes);

    /// <summary>An array of at least <paramref name="length"/> bytes, its contents undefined.</summary>
    /// <param name="length">Bytes wanted, in [0, 2^31).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    public static byte[] Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int index = IndexOf(length);
        if (index >= Classes.Length) { return GC.AllocateUninitializedArray<byte>(length); }
        byte[]? array = Classes[index].Pop();
        if (array is null) { return GC.AllocateUninitializedArray<byte>(Classes[index].Length); }
        Interlocked.Add(ref _idleBytes, -array.Length);
        return array;
    }

    /// <summary>Takes back an array of <see cref="Rent"/>. The caller must not touch it again.</summary>
    public static void Return(byte[] array)
    {
        ArgumentNullException.ThrowIfNull(array);
        int index = IndexOf(array.Length);
        if (index >= Classes.Length || Classes[index].Length != array.Length) { return; }
        if (Interlocked.Add(ref _idleBytes, array.Length) > LargestIdle)
        {
            Interlocked.Add(ref _idleBytes, -array.Length);
            return;
        }
        Classes[index].Push(array);
    }

    private static SizeClass[] CreateClasses()
    {
        var classes = new SizeClass[(LargestShift - SmallestShift) * ClassesPerOctave + 1];
        for (int i = 0; i < classes.Length; i++)
        {
            int octave = 1 << (SmallestShift + i / ClassesPerOctave);
            classes[i] = new SizeClass(octave + octave / ClassesPerOctave * (i % ClassesPerOctave));
        }
        return classes;
    }

    private static int IndexOf(int length)
    {
        if (length <= 1 << SmallestShift) { return 0; }
        int shift = BitOperations.Log2((uint)length - 1);
        int quarter = ((length - 1) >> (shift - 2)) & (ClassesPerOctave - 1);
        return (shift - SmallestShift) * ClassesPerOctave + quarter + 1;
    }

    private sealed class SizeClass(int length)
    {
        private readonly Lock _lock = new();
        private readonly Stack<byte[]> _idle = new();

        public int Length { get; } = length;

        public byte[]? Pop()
        {
            lock (_lock) { return _idle.TryPop(out byte[]? array) ? array : null; }
        }

        public void Push(byte[] array)
        {
            lock (_lock) { _idle.Push(array); }
        }
    }
}
