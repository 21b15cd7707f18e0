using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Functions.Hooks;
using Mirror.Streams.Documents;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>Definitions that somebody cut, changed or made up: those that can be used are, the rest is left out.</summary>
public sealed class HookStoreTests : IDisposable
{
    private static readonly Hook Good = new()
    {
        Id = "good",
        Url = "https://example.org/hook",
        Secret = "a-secret-of-some-length",
        Events = ["stream.*"],
        Streams = ["studio", "cam-*"],
        Metadata = new Dictionary<string, string> { ["site"] = "berlin" },
        Headers = new Dictionary<string, string> { ["X-Key"] = "7" },
        MaxBatch = 5,
        MaxDelayMs = 100,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-hooks-").FullName;
    private readonly LocalDocuments _documents;
    private readonly HookStore _store;

    public HookStoreTests()
    {
        _documents = new LocalDocuments(_folder);
        _store = new HookStore(_documents, new HooksOptions(), TimeProvider.System, NullLogger<HookStore>.Instance);
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_definition_that_is_cut_anywhere_is_left_out()
    {
        byte[] whole = JsonSerializer.SerializeToUtf8Bytes(Good, HookDocuments.Default.Hook);
        Assert.Equal(Good.Url, Read(whole)!.Url);
        for (int length = 0; length < whole.Length; length++) { Assert.Null(Read(whole[..length])); }
    }

    [Fact]
    public void A_definition_with_changed_bytes_is_left_out_or_keeps_the_rules()
    {
        byte[] whole = JsonSerializer.SerializeToUtf8Bytes(Good, HookDocuments.Default.Hook);
        var random = new Random(7);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] changed = [.. whole];
            for (int changes = random.Next(1, 4); changes > 0; changes--) { changed[random.Next(changed.Length)] = (byte)random.Next(256); }
            if (Read(changed) is { } hook)
            {
                Assert.Null(HookRules.FindFault(hook, new HooksOptions()));
                hook.Wants("stream.started", "studio");
            }
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"id":"other","url":"https://example.org/"}""")]
    [InlineData("""{"id":"good","url":null}""")]
    [InlineData("""{"id":"good","url":"file:///etc/passwd"}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","events":null}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","events":[null]}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","headers":{"Host":"other"}}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","headers":{"X":null}}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","metadata":{"a":"\ud800"}}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","max_batch":2147483648}""")]
    [InlineData("""{"id":"good","url":"https://example.org/","max_delay_ms":-1}""")]
    public void A_definition_that_the_api_would_not_take_is_left_out(string json) => Assert.Null(Read(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public async Task One_that_cannot_be_read_hides_no_other_and_can_be_removed()
    {
        await _documents.PutAsync("hooks/bad", new byte[] { 0xFF, 0x00 }, null, default);
        Assert.True(await _store.PutAsync(Good, Document.None, default));
        Assert.Equal(["good"], (await _store.ListAsync(default)).Keys);
        Assert.Null(await _store.FindAsync("bad", default));
        Assert.True(await _store.DeleteAsync("bad", default));
        Assert.False(await _store.DeleteAsync("../bad", default));
    }

    [Theory]
    [InlineData("stream.started", "stream.started", true)]
    [InlineData("stream.*", "stream.started", true)]
    [InlineData("stream.*", "streams", false)]
    [InlineData("*", "anything", true)]
    [InlineData("*", "", false)]
    [InlineData("cam-*", "cam-", true)]
    [InlineData("cam", "cam-1", false)]
    [InlineData("Cam", "cam", false)]
    public void A_pattern_matches(string pattern, string text, bool expected) => Assert.Equal(expected, Hook.IsMatch(pattern, text));

    private Hook? Read(byte[] content) => _store.Read(new Document("hooks/good", Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content)), content));
}
