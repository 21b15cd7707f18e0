using System.IO.Pipelines;
using Mirror.Media.Frames;

namespace Mirror.Origin.Delivery;

/// <summary>Writes a body of known length in one call, which lets Kestrel put the headers and the bytes into its output together.</summary>
internal static class ResponseBody
{
    /// <summary>Sends <paramref name="bytes"/>, or for HEAD only their number.</summary>
    public static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> bytes)
    {
        context.Response.ContentLength = bytes.Length;
        if (HttpMethods.IsHead(context.Request.Method)) { return Task.CompletedTask; }
        ValueTask<FlushResult> write = context.Response.BodyWriter.WriteAsync(bytes);
        if (!write.IsCompletedSuccessfully) { return write.AsTask(); }
        _ = write.Result;
        return Task.CompletedTask;
    }

    /// <summary>Sends a range of <paramref name="buffer"/> and gives the caller's reference back when it has been taken over.</summary>
    public static Task WriteAndReleaseAsync(HttpContext context, MediaBuffer buffer, ByteRange range)
    {
        Task write;
        try { write = WriteAsync(context, buffer.Memory.Slice((int)range.Offset, (int)range.Length)); }
        catch
        {
            buffer.Release();
            throw;
        }
        if (!write.IsCompletedSuccessfully) { return ReleaseAfterAsync(write, buffer); }
        buffer.Release();
        return Task.CompletedTask;
    }

    private static async Task ReleaseAfterAsync(Task write, MediaBuffer buffer)
    {
        try { await write; }
        finally { buffer.Release(); }
    }
}
