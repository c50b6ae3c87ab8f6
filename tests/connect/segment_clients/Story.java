// Sends the story of segment_story.py with Segment's client for Java: Story.java HOST KEY

import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.MessageBuilder;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public class Story {
  private static final int VIEWED = 20;
  private static final String USER = "u-segment-java";
  private static Analytics analytics;

  public static void main(String[] arguments) throws InterruptedException {
    CountDownLatch delivered = new CountDownLatch(9 + VIEWED);
    analytics =
        Analytics.builder(arguments[1])
            .endpoint(arguments[0])
            .flushInterval(1000, TimeUnit.MILLISECONDS)
            .callback(
                new Callback() {
                  public void success(Message message) {
                    delivered.countDown();
                  }

                  public void failure(Message message, Throwable error) {
                    error.printStackTrace();
                  }
                })
            .build();
    List<Map<String, ?>> products =
        List.of(
            Map.of("product_id", "p-1", "price", 19, "quantity", 2),
            Map.of("product_id", "p-2", "price", 10.5, "quantity", 1));
    send(IdentifyMessage.builder().traits(Map.of("email", "Ann@segment-java.example", "plan", "pro")));
    track("Product Added", Map.of("cart_id", "c-1", "product_id", "p-1", "price", 19, "quantity", 2));
    track("Checkout Started", Map.of("order_id", "o-1", "value", 48.5, "currency", "EUR", "products", products));
    track("Order Completed", Map.of("order_id", "o-1", "total", 48.5, "currency", "EUR", "products", products));
    send(
        TrackMessage.builder("Quiz Finished")
            .properties(Map.of("score", 7, "tags", List.of("a", "é")))
            .timestamp(Date.from(Instant.parse("2026-05-28T20:36:30.123Z"))));
    send(PageMessage.builder("Shoes").properties(Map.of("path", "/shoes", "category", "Shop")));
    send(ScreenMessage.builder("Basket"));
    send(GroupMessage.builder("acme").traits(Map.of("seats", 12)));
    send(AliasMessage.builder("before-segment-java"));
    for (int number = 0; number < VIEWED; number++) {
      track("Product Viewed", Map.of("number", number));
    }
    analytics.flush();
    boolean all = delivered.await(90, TimeUnit.SECONDS);
    analytics.shutdown();
    System.exit(all ? 0 : 1);
  }

  private static void track(String name, Map<String, ?> properties) {
    send(TrackMessage.builder(name).properties(properties));
  }

  private static void send(MessageBuilder<?, ?> message) {
    analytics.enqueue(message.userId(USER));
  }
}
