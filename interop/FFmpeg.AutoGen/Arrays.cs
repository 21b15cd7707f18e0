using System.Runtime.CompilerServices;

namespace FFmpeg.AutoGen;

/// <summary><c>uint8_t *[8]</c>.</summary>
public unsafe struct byte_ptrArray8
{
    private fixed long _pointers[8];

    public byte* this[uint index]
    {
        get => (byte*)_pointers[index];
        set => _pointers[index] = (long)value;
    }
}

/// <summary><c>int[8]</c>.</summary>
[InlineArray(8)]
public struct int_array8
{
    private int _first;

    public int this[uint index]
    {
        readonly get => Unsafe.Add(ref Unsafe.AsRef(in _first), (int)index);
        set => Unsafe.Add(ref _first, (int)index) = value;
    }
}
