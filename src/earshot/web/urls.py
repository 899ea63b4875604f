"""The pages' addresses. Nouns; nearly every act is a POST to one of them."""

urlpatterns: list[object] = []
